# SPDX-License-Identifier: Apache-2.0
"""Which host serves an archive's word for this build.

In order: the site file, `NODEBAKE_ARCHIVE_<WORD>`, what this machine's own apt is set up to use, the
table of public hosts. Of the machine's apt set-up only URIs, proxy and authentication are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

SOURCES = Path("/etc/apt")


@dataclass(frozen=True)
class Mirror:
    """An archive as this build reaches it: base URI without a final slash, and its keyring."""

    archive: str
    uri: str
    keyring: Path


def machine_archives(folder: Path = SOURCES) -> dict[str, str]:
    """Word → URI of the Debian archives that the machine's own apt uses."""
    found: dict[str, str] = {}
    for uri in _uris(folder):
        word = _word(uri)
        if word:
            found.setdefault(word, uri.rstrip("/"))
    return found


def choose(
    words: Iterable[str],
    *,
    public: Mapping[str, tuple[str, str]],
    site: Mapping[str, str],
    environment: Mapping[str, str],
    machine: Mapping[str, str],
) -> dict[str, Mirror]:
    """The mirror of each word; `public` holds (URI, keyring) of every word there is."""
    mirrors = {}
    for word in words:
        default, keyring = public[word]
        variable = f"NODEBAKE_ARCHIVE_{word.upper().replace('-', '_')}"
        uri = site.get(word) or environment.get(variable) or machine.get(word) or default
        mirrors[word] = Mirror(word, uri.rstrip("/"), Path(keyring))
    return mirrors


def _uris(folder: Path) -> list[str]:
    """Every URI of the apt sources, in the order apt reads them."""
    files = [folder / "sources.list", *sorted((folder / "sources.list.d").glob("*"))]
    uris: list[str] = []
    for path in files:
        if path.suffix not in (".list", ".sources") or not path.is_file():
            continue
        for line in path.read_text(errors="replace").splitlines():
            text = line.split("#", 1)[0].strip()
            if path.suffix == ".list":
                match = re.match(r"deb\s+(?:\[[^]]*\]\s+)?(\S+)", text)
                uris += [match[1]] if match else []
            elif text.lower().startswith("uris:"):
                uris += text.split()[1:]
    return uris


def _word(uri: str) -> str | None:
    """The archive's word that a URI's path names; mirror lists and CD-ROMs have none."""
    if not uri.startswith(("http://", "https://", "file:")):
        return None
    tail = uri.rstrip("/").rpartition("/")[2]
    return tail if tail in ("debian", "debian-security") else None
