# SPDX-License-Identifier: Apache-2.0
"""An archive in a folder, laid out and signed as Debian's are."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path

from tests.archives.deb import control
from tests.archives.signer import Signer

DATE = 1789199741


@dataclass(frozen=True)
class Repository:
    """`root` holds `dists/` and `pool/`; `architectures` are those that it has indexes for."""

    root: Path
    signer: Signer
    architectures: tuple[str, ...]

    @property
    def uri(self) -> str:
        return f"file://{self.root}"

    def publish(self, suite: str, components: Mapping[str, Sequence[Path]], date: int = DATE) -> None:
        """Index the .debs of each component, which lie anywhere, and sign."""
        for component, debs in components.items():
            with ThreadPoolExecutor() as pool:
                stanzas = list(pool.map(lambda deb, part=component: self._stanza(deb, part), debs))
            for architecture in self.architectures:
                index = "\n".join(stanza for stanza in stanzas if _is_for(stanza, architecture))
                self.index(suite, component, architecture, index)
        self.sign(suite, list(components), date)

    def index(self, suite: str, component: str, architecture: str, text: str) -> None:
        """Write one index."""
        path = self.root / "dists" / suite / component / f"binary-{architecture}/Packages"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def sign(self, suite: str, components: Sequence[str], date: int = DATE) -> None:
        """Sign for all indexes of `components` that are there."""
        dists = self.root / "dists" / suite
        rows = []
        for path in sorted(path for part in components for path in (dists / part).rglob("Packages")):
            data = path.read_bytes()
            rows.append(f" {hashlib.sha256(data).hexdigest()} {len(data)} {path.relative_to(dists)}\n")
        release = dists / "Release"
        release.write_text(
            f"Origin: nodebake's tests\nSuite: {suite}\nCodename: {suite}\n"
            f"Date: {formatdate(date, usegmt=True)}\n"
            f"Architectures: {' '.join(self.architectures)}\nComponents: {' '.join(components)}\n"
            f"SHA256:\n{''.join(rows)}"
        )
        self.signer.clearsign(release, dists / "InRelease")

    def _stanza(self, deb: Path, component: str) -> str:
        data = deb.read_bytes()
        text = control(deb)
        package = field(text, "Package")
        version = field(text, "Version").rpartition(":")[2]
        name = f"{package}_{version}_{field(text, 'Architecture')}.deb"
        path = f"pool/{component}/{package[0]}/{package}/{name}"
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).unlink(missing_ok=True)
        (self.root / path).symlink_to(deb)
        digest = hashlib.sha256(data).hexdigest()
        return f"{text.strip()}\nFilename: {path}\nSize: {len(data)}\nSHA256: {digest}\n"


def field(text: str, name: str) -> str:
    """A field of a control file, empty where it has none."""
    found = re.search(rf"^{name}: (.*)$", text, re.MULTILINE)
    return found[1] if found else ""


def sections(debs: Iterable[Path]) -> dict[str, list[Path]]:
    """The components that .debs belong to by their sections: `non-free/x` to `non-free`, `x` to `main`."""
    found: dict[str, list[Path]] = {}
    for deb in debs:
        component, slash, _ = field(control(deb), "Section").partition("/")
        found.setdefault(component if slash else "main", []).append(deb)
    return found


def _is_for(stanza: str, architecture: str) -> bool:
    return field(stanza, "Architecture") in (architecture, "all")
