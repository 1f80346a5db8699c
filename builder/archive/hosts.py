# SPDX-License-Identifier: Apache-2.0
"""Which host serves an archive's word for this build.

In order: the site file, `NODEBAKE_ARCHIVE_<WORD>`, what this machine's own apt is set up to use, the
table of public hosts. Of the machine's apt set-up only URIs, proxy and authentication are read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from builder.base.archives import PUBLIC, PublicArchive
from builder.errors import LackingError

SOURCES = Path("/etc/apt")


@dataclass(frozen=True)
class Mirror:
    """An archive as this build reaches it: base URI without a final slash, and its keyring.

    `key` is the key that the site gave; then there need not be a file `keyring`.
    """

    archive: str
    uri: str
    keyring: Path
    key: bytes = b""


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
    public: Mapping[str, PublicArchive],
    site: Mapping[str, str],
    environment: Mapping[str, str],
    machine: Mapping[str, str],
    keys: Mapping[str, bytes] | None = None,
) -> dict[str, Mirror]:
    """The mirror of each word; `public` is the table of every word there is, `keys` what the site gave."""
    mirrors = {}
    for word in words:
        archive = public[word]
        variable = f"NODEBAKE_ARCHIVE_{word.upper().replace('-', '_')}"
        uri = site.get(word) or environment.get(variable) or machine.get(word) or archive.uri
        # As apt writes it.
        uri = re.sub(r"^file:///?(?=/)|^file://localhost(?=/)", "file:", uri)
        mirrors[word] = Mirror(word, uri.rstrip("/"), Path(archive.keyring), (keys or {}).get(word, b""))
    return mirrors


def require_keys(words: Iterable[str], keys: Mapping[str, bytes]) -> None:
    """Refuse an archive whose key neither Debian ships nor the site gives: LackingError."""
    for word in words:
        archive = PUBLIC[word]
        if archive.fingerprint and word not in keys:
            raise LackingError(
                f"the keyring of archive `{word}` is missing",
                facts=[
                    f"Debian ships none for it; its key is {archive.fingerprint}",
                    f"get it from {archive.key_from}",
                ],
                hint="copy it into the project and say so in site.yaml: "
                f"`archives: {{{word}: {{keyring: keys/{word}.gpg}}}}`",
            )


def _uris(folder: Path) -> list[str]:
    """Every URI of the apt sources, in the order apt reads them."""
    files = [folder / "sources.list", *sorted((folder / "sources.list.d").glob("*"))]
    uris: list[str] = []
    for path in files:
        if path.suffix not in (".list", ".sources") or not path.is_file():
            continue
        text = path.read_text(errors="replace")
        uris += _deb822(text) if path.suffix == ".sources" else _one_line(text)
    return uris


def _one_line(text: str) -> Iterator[str]:
    """`deb [options] URI suite components…`, a line each."""
    for line in text.splitlines():
        match = re.match(r"deb\s+(?:\[[^]]*\]\s+)?(\S+)", line.split("#", 1)[0].strip())
        if match:
            yield match[1]


def _deb822(text: str) -> Iterator[str]:
    """Stanzas of `Field: values`, which may go on in lines that begin with a space."""
    text = re.sub(r"^[ \t]*#.*\n?", "", text, flags=re.MULTILINE)
    for stanza in re.split(r"\n[ \t]*\n", re.sub(r"\n[ \t]+(?=\S)", " ", text)):
        rows = (line.partition(":") for line in stanza.splitlines())
        fields = {key.strip().lower(): words.split() for key, _, words in rows}
        if "deb" in fields.get("types", ()) and fields.get("enabled") != ["no"]:
            yield from fields.get("uris", ())


def _word(uri: str) -> str | None:
    """The archive's word that a URI's path names; mirror lists and CD-ROMs have none."""
    if not uri.startswith(("http://", "https://", "file:")):
        return None
    tail = uri.rstrip("/").rpartition("/")[2]
    return tail if tail in ("debian", "debian-security") else None
