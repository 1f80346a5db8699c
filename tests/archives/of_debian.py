# SPDX-License-Identifier: Apache-2.0
"""Packages of Debian's own archive, by name, with all that they depend on."""

from __future__ import annotations

import lzma
import os
import urllib.request
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from builder.archive.apt import PrivateApt
from builder.archive.fetch import deb_path, fetch, missing
from builder.archive.hosts import Mirror, choose, machine_archives
from builder.base.archives import PUBLIC
from builder.build.workshop import store_root
from builder.host.folder import held
from builder.lock.lock import Locked, Suites
from tests.archives.repository import Repository
from tests.archives.signer import Signer

_COMPONENTS = ("main", "contrib", "non-free", "non-free-firmware")
TRIXIE: Suites = (
    ("debian", "trixie", _COMPONENTS),
    ("debian", "trixie-updates", _COMPONENTS),
    ("debian-security", "trixie-security", _COMPONENTS),
)
BOOKWORM: Suites = (("debian", "bookworm", _COMPONENTS),)


def packages(suites: Suites, architecture: str, names: Sequence[str]) -> dict[str, Locked]:
    """Name → package of what `names` amount to."""
    return _resolve(suites, _mirrors(suites), architecture, names, "signed")


def packages_as_they_are(
    suites: Suites, architecture: str, names: Sequence[str], folder: Path, signer: Signer
) -> dict[str, Locked]:
    """The same from indexes that need not be those of the Release files beside them.

    Mirrors fetch the rarer architectures later, and apt refuses what lies in between, as it must. What
    goes into an archive that a test signs may be of either day: the test signs these indexes first.
    """
    real, mirrors = _mirrors(suites), {}
    for archive, suite, components in suites:
        repository = Repository(folder / archive, signer, (architecture,))
        for component in components:
            name = f"dists/{suite}/{component}/binary-{architecture}/Packages.xz"
            with urllib.request.urlopen(f"{real[archive].uri}/{name}") as answer:
                text = lzma.decompress(answer.read()).decode()
            repository.index(suite, component, architecture, text)
        repository.sign(suite, components)
        mirrors[archive] = Mirror(archive, f"file:{repository.root}", signer.keyring)
    return _resolve(suites, mirrors, architecture, names, "as-they-are")


def files(found: Iterable[Locked]) -> list[Path]:
    """Their .debs, fetched into the store if it lacks them."""
    found = list(found)
    debs = store_root(os.environ) / "debs"
    debs.mkdir(parents=True, exist_ok=True)
    mirrors = _mirrors([(package.archive, "", ()) for package in found])
    fetch(missing(found, debs), debs, mirrors, lambda count: None)
    return [deb_path(debs, package.sha256) for package in found]


def _resolve(
    suites: Suites, mirrors: Mapping[str, Mirror], architecture: str, names: Sequence[str], how: str
) -> dict[str, Locked]:
    root = store_root(os.environ) / "apt" / f"of-debian-{suites[0][1]}-{architecture}-{how}"
    with held(root, lambda: None):
        apt = PrivateApt(root, suites, mirrors, [architecture])
        apt.update()
        return {package.name: package for package in apt.resolve(architecture, names)}


def _mirrors(suites: Iterable[tuple[str, str, tuple[str, ...]]]) -> dict[str, Mirror]:
    words = sorted({archive for archive, _, _ in suites})
    return choose(words, public=PUBLIC, site={}, environment=os.environ, machine=machine_archives())
