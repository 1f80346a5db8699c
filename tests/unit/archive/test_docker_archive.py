# SPDX-License-Identifier: Apache-2.0
"""Docker's own archive beside the base's: an archive of its layout, made and signed here, is locked from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from builder.archive.hosts import Mirror
from builder.archive.locking import make_lock
from builder.errors import LackingError, RecipeError
from builder.lock.lock import Lock, Request
from builder.lock.request import ESSENTIAL, request
from builder.recipe.recipe import Recipe
from tests.archives.repository import Repository
from tests.archives.signer import TOOLS, Signer, signer
from tests.needs import needs_tool
from tests.unit.recipe.project import recipe

pytestmark = [pytest.mark.tools, needs_tool("apt-get", *TOOLS)]

ARCHITECTURES = ("amd64", "arm64")
DEBIAN = {
    "base-files": "Essential: yes",
    "apt": "",
    "apparmor": "",
    "ca-certificates": "",
    "containerd": "",
    "docker.io": "Depends: containerd",
    "docker-cli": "",
    "iptables": "",
}
DOCKER = {
    "containerd.io": "Provides: containerd, runc\nConflicts: containerd, runc",
    "docker-ce": "Depends: containerd.io (>= 1.7.27), docker-ce-cli, iptables\nConflicts: docker.io",
    "docker-ce-cli": "Conflicts: docker-cli",
}
X = "format: 1\nboards: [pi4]\nlayers:\n  - docker: {from: docker}\n"


@dataclass(frozen=True)
class Archives:
    """Both, each with a key of its own."""

    mirrors: Mapping[str, Mirror]

    def lock(self, wanted: Request, folder: Path) -> Lock:
        return make_lock("x", wanted, self.mirrors, folder, "amd64")


@pytest.fixture
def archives(tmp_path: Path) -> Iterator[Archives]:
    with signer() as debians, signer() as dockers:
        debian = _archive(tmp_path / "debian", debians, DEBIAN, "main", "pool/main")
        security = _archive(tmp_path / "debian-security", debians, {}, "main", "pool/main")
        # Docker keeps its pool below the suite.
        docker = _archive(tmp_path / "docker", dockers, DOCKER, "stable", "dists/trixie/pool/stable")
        for archive, suites in ((debian, ("trixie", "trixie-updates")), (security, ("trixie-security",))):
            for suite in suites:
                _write(archive, suite, ("main", "non-free-firmware"))
        _write(docker, "trixie", ("stable",))
        keys = {"debian": debians, "debian-security": debians, "docker": dockers}
        yield Archives(
            {
                word: Mirror(word, f"file:{tmp_path / word}", Path("/none"), keys[word].keyring.read_bytes())
                for word in keys
            }
        )


@dataclass(frozen=True)
class _Archive:
    repository: Repository
    packages: Mapping[str, str]
    component: str
    pool: str


def _archive(root: Path, keys: Signer, packages: Mapping[str, str], component: str, pool: str) -> _Archive:
    if not keys.keyring.exists():
        keys.make_key()
    return _Archive(Repository(root, keys, ARCHITECTURES), packages, component, pool)


def _write(archive: _Archive, suite: str, components: tuple[str, ...]) -> None:
    for component in components:
        for architecture in ARCHITECTURES:
            known = archive.packages if component == archive.component and suite == "trixie" else {}
            text = "\n".join(_stanza(archive.pool, name, known[name], architecture) for name in known)
            archive.repository.index(suite, component, architecture, text)
    archive.repository.sign(suite, components)


def _stanza(pool: str, name: str, fields: str, architecture: str) -> str:
    version = "5:29.0.1-1~debian.13~trixie"
    more = f"{fields}\n" if fields else ""
    path = f"{pool}/{architecture}/{name}_{version.partition(':')[2]}_{architecture}.deb"
    digest = hashlib.sha256(f"{name} {architecture}".encode()).hexdigest()
    return (
        f"Package: {name}\nVersion: {version}\nArchitecture: {architecture}\nMaintainer: nobody\n"
        f"Installed-Size: 4\n{more}Filename: {path}\nSize: 1000\nSHA256: {digest}\n"
    )


def _wanted(of: Recipe, *more: str) -> Request:
    """The request of a recipe, without what a base wants besides."""
    asked = request(of)
    names = tuple(name for name in asked.packages if name in {*DEBIAN, *DOCKER, ESSENTIAL})
    return replace(asked, packages=(*names, *more), helper=(ESSENTIAL,))


def test_dockers_packages_are_locked_from_dockers_archive(archives: Archives, tmp_path: Path) -> None:
    lock = archives.lock(_wanted(recipe({"recipes/x.yaml": X})), tmp_path / "apt")
    found = {package.name: package for package in lock.packages}
    assert {name: found[name].archive for name in found} == {
        **dict.fromkeys(("apparmor", "apt", "base-files", "ca-certificates", "iptables"), "debian"),
        **dict.fromkeys(DOCKER, "docker"),
    }
    path = "dists/trixie/pool/stable/arm64/docker-ce_29.0.1-1~debian.13~trixie_arm64.deb"
    assert found["docker-ce"].path == path
    assert ("docker", "trixie", ("stable",)) in lock.request.suites
    assert [state.archive for state in lock.archives].count("docker") == 1


def test_without_that_archive_debians_docker_is_locked(archives: Archives, tmp_path: Path) -> None:
    own = recipe({"recipes/x.yaml": X.replace("{from: docker}", "{}")})
    lock = archives.lock(_wanted(own), tmp_path / "apt")
    assert {"docker.io", "containerd"} <= {package.name for package in lock.packages}
    assert {state.archive for state in lock.archives} == {"debian", "debian-security"}


def test_the_two_exclude_each_other(archives: Archives, tmp_path: Path) -> None:
    with pytest.raises(RecipeError) as caught:
        archives.lock(_wanted(recipe({"recipes/x.yaml": X}), "docker.io"), tmp_path / "apt")
    assert caught.value.message == "the packages cannot be installed together"


def test_dockers_archive_is_trusted_by_dockers_key_only(archives: Archives, tmp_path: Path) -> None:
    docker, debian = archives.mirrors["docker"], archives.mirrors["debian"]
    swapped = {**archives.mirrors, "docker": replace(docker, key=debian.key)}
    with pytest.raises(LackingError) as caught:
        Archives(swapped).lock(_wanted(recipe({"recipes/x.yaml": X})), tmp_path / "apt")
    assert caught.value.message == "an archive is signed with a key that its keyring does not hold"
