# SPDX-License-Identifier: Apache-2.0
"""A lock of two architectures, whose tools come from another archive: on tiny archives signed here."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from builder.archive.hosts import Mirror
from builder.archive.locking import make_lock
from builder.errors import NodebakeError
from builder.lock.lock import Request
from builder.lock.request import ESSENTIAL
from tests.archives.repository import Repository
from tests.archives.signer import TOOLS, Signer, signer
from tests.needs import needs_tool

pytestmark = [pytest.mark.tools, needs_tool("apt-get", *TOOLS)]

ESSENTIALS = {"base-files": "Essential: yes\nDepends: libc6", "libc6": "Multi-Arch: same"}
ARCHIVES: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "raspbian": {"armhf": {**ESSENTIALS, "apt": "", "kmod": "Multi-Arch: foreign"}},
    # It has another libc6 and essential packages for arm64, which must not come along.
    "raspberrypi": {"arm64": {**ESSENTIALS, "linux": "Depends: kmod"}, "armhf": {"raspi-firmware": ""}},
    "debian": {"amd64": {**ESSENTIALS, "apt": "", "zstd": "Depends: libc6"}},
}
WANTED = Request(
    architecture="armhf",
    suites=(("raspbian", "trixie", ("main",)), ("raspberrypi", "trixie", ("main",))),
    packages=(ESSENTIAL, "apt", "linux:arm64", "raspi-firmware"),
    helper=(ESSENTIAL, "zstd"),
    foreign=("arm64",),
    tools=(("debian", "trixie", ("main",)),),
)


@pytest.fixture
def mirrors(tmp_path: Path) -> Iterator[Mapping[str, Mirror]]:
    with signer() as keys:
        keys.make_key()
        yield {word: _archive(tmp_path / word, word, keys) for word in ARCHIVES}


def _archive(root: Path, word: str, keys: Signer) -> Mirror:
    repository = Repository(root, keys, tuple(ARCHIVES[word]))
    for architecture, packages in ARCHIVES[word].items():
        text = "\n".join(_stanza(name, fields, architecture) for name, fields in packages.items())
        repository.index("trixie", "main", architecture, text)
    repository.sign("trixie", ("main",))
    return Mirror(word, f"file:{root}", Path("/none"), keys.keyring.read_bytes())


def _stanza(name: str, fields: str, architecture: str) -> str:
    more = f"{fields}\n" if fields else ""
    digest = hashlib.sha256(f"{name} {architecture}".encode()).hexdigest()
    return (
        f"Package: {name}\nVersion: 1.0\nArchitecture: {architecture}\nMaintainer: nobody\n"
        f"{more}Filename: pool/{name}_1.0_{architecture}.deb\nSize: 1000\nSHA256: {digest}\n"
    )


def test_one_package_is_foreign_and_the_tools_are_of_another_archive(
    mirrors: Mapping[str, Mirror], tmp_path: Path
) -> None:
    lock = make_lock("x", WANTED, mirrors, tmp_path / "apt", "amd64")
    assert [(p.qualified("armhf"), p.archive, p.essential) for p in lock.packages] == [
        ("apt", "raspbian", False),
        ("base-files", "raspbian", True),
        ("kmod", "raspbian", False),
        ("libc6", "raspbian", True),
        ("linux:arm64", "raspberrypi", False),
        ("raspi-firmware", "raspberrypi", False),
    ]
    assert [(p.name, p.architecture, p.archive) for p in lock.helpers["amd64"]] == [
        # To apt, apt is essential.
        ("apt", "amd64", "debian"),
        ("base-files", "amd64", "debian"),
        ("libc6", "amd64", "debian"),
        ("zstd", "amd64", "debian"),
    ]
    assert [state.archive for state in lock.archives] == ["raspbian", "raspberrypi", "debian"]


def test_an_unknown_foreign_package(mirrors: Mapping[str, Mirror], tmp_path: Path) -> None:
    wanted = Request(**{**vars(WANTED), "packages": (ESSENTIAL, "apt", "linix:arm64")})
    with pytest.raises(NodebakeError) as caught:
        make_lock("x", wanted, mirrors, tmp_path / "apt", "amd64")
    assert caught.value.render().startswith("error: unknown package `linix:arm64`\n")
