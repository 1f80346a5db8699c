# SPDX-License-Identifier: Apache-2.0
"""The machine's apt on a tiny archive that the test signs itself."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path

import pytest

from builder.archive.apt import PrivateApt, list_name
from builder.archive.hosts import Mirror
from builder.errors import Exit, LackingError, NodebakeError, RecipeError
from builder.lock.lock import Locked
from tests.archives.signer import TOOLS, Signer, signer
from tests.needs import needs_tool

pytestmark = [pytest.mark.tools, needs_tool("apt-get", *TOOLS)]

DATE = 1789199741
LONG_AGO = 1_000_000_000
NEWER_KEY = "update debian-archive-keyring on this machine, or the key that site.yaml names"
PACKAGES = {
    "base-files": "Essential: yes\nDepends: libc6",
    "libc6": "",
    "openssh-server": "Depends: libc6 (>= 1.0), openssh-client",
    "openssh-client": "Conflicts: telnet",
    "telnet": "",
    "broken": "Depends: nowhere",
}


@dataclass(frozen=True)
class Archive:
    """An archive at `root`, which holds suite `trixie`, signed with `keys`."""

    root: Path
    keys: Signer

    @property
    def keyring(self) -> Path:
        return self.keys.keyring

    @property
    def release(self) -> Path:
        return self.root / "dists/trixie/Release"

    def write(self, release: str = "") -> None:
        folder = self.release.parent / "main/binary-arm64"
        folder.mkdir(parents=True)
        index = "\n".join(stanza(name, fields) for name, fields in PACKAGES.items())
        (folder / "Packages").write_text(index)
        digest = hashlib.sha256(index.encode()).hexdigest()
        self.release.write_text(
            f"Suite: trixie\nCodename: trixie\nDate: {formatdate(DATE, usegmt=True)}\n{release}"
            "Architectures: arm64\nComponents: main\n"
            f"SHA256:\n {digest} {len(index.encode())} main/binary-arm64/Packages\n"
        )

    def sign(self, *, at: int | None = None) -> None:
        self.keys.clearsign(self.release, self.release.with_name("InRelease"), at=at)

    def apt(self, root: Path) -> PrivateApt:
        mirrors = {"debian": Mirror("debian", f"file:{self.root}", self.keyring)}
        return PrivateApt(root, [("debian", "trixie", ("main",))], mirrors, ["arm64"])


def stanza(name: str, fields: str) -> str:
    lines = f"Package: {name}\nVersion: 1.0\nArchitecture: arm64\nMaintainer: nobody\nInstalled-Size: 4\n"
    digest = hashlib.sha256(name.encode()).hexdigest()
    path = f"pool/{name}_1.0_arm64.deb"
    return f"{lines}{fields}\nFilename: {path}\nSize: 1000\nSHA256: {digest}\n".replace("\n\n", "\n")


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with signer() as keys:
        yield Archive(tmp_path / "archive", keys)


@pytest.fixture
def signed(archive: Archive) -> Archive:
    archive.keys.make_key()
    archive.write()
    archive.sign()
    return archive


@pytest.mark.parametrize(
    ("uri", "name"),
    [
        ("http://host/debian/InRelease", "host_debian_InRelease"),
        ("http://me:secret@host:3142/a_b/~c", "host:3142_a%5fb_%7ec"),
        ("file:/srv/debian/InRelease", "_srv_debian_InRelease"),
    ],
)
def test_the_names_of_lists(uri: str, name: str) -> None:
    assert list_name(uri) == name


def update_refusal(archive: Archive, tmp_path: Path) -> LackingError:
    with pytest.raises(LackingError) as caught:
        archive.apt(tmp_path / "apt").update()
    assert caught.value.exit == Exit.LACKING
    return caught.value


def test_a_signed_archive(signed: Archive, tmp_path: Path) -> None:
    (state,) = signed.apt(tmp_path / "apt").update()
    assert (state.archive, state.suite, state.components, state.date) == ("debian", "trixie", ("main",), DATE)
    release = (signed.root / "dists/trixie/InRelease").read_bytes()
    assert state.release_sha256 == hashlib.sha256(release).hexdigest()


def test_names_become_exact_packages_with_their_dependencies(signed: Archive, tmp_path: Path) -> None:
    apt = signed.apt(tmp_path / "apt")
    apt.update()
    found = apt.resolve("arm64", ["openssh-server", "?essential"])
    assert [p.name for p in found] == ["base-files", "libc6", "openssh-client", "openssh-server"]
    assert found[0] == Locked(
        name="base-files",
        version="1.0",
        architecture="arm64",
        sha256=hashlib.sha256(b"base-files").hexdigest(),
        size=1000,
        installed=4,
        archive="debian",
        path="pool/base-files_1.0_arm64.deb",
        essential=True,
    )
    assert apt.essential("arm64") == {"base-files", "libc6"}


def test_every_unknown_package_is_named_with_near_names(signed: Archive, tmp_path: Path) -> None:
    apt = signed.apt(tmp_path / "apt")
    apt.update()
    with pytest.raises(NodebakeError) as caught:
        apt.resolve("arm64", ["openssh-serve", "libc6", "xyzzy"])
    assert caught.value.exit == Exit.USAGE
    assert caught.value.render() == (
        "error: unknown package `openssh-serve`\n"
        "  no archive of this base has it\n"
        "hint: did you mean `openssh-server`?\n"
        "error: unknown package `xyzzy`\n"
        "  no archive of this base has it"
    )


def test_packages_that_exclude_each_other(signed: Archive, tmp_path: Path) -> None:
    apt = signed.apt(tmp_path / "apt")
    apt.update()
    with pytest.raises(RecipeError) as caught:
        apt.resolve("arm64", ["openssh-client", "telnet"])
    assert caught.value.message == "the packages cannot be installed together"
    # The two lines of apt's differ in words from one version to the next, not in names.
    assert any(fact.startswith("openssh-client") and "telnet" in fact for fact in caught.value.facts)


def test_a_package_that_cannot_be_installed(signed: Archive, tmp_path: Path) -> None:
    apt = signed.apt(tmp_path / "apt")
    apt.update()
    with pytest.raises(RecipeError) as caught:
        apt.resolve("arm64", ["broken"])
    assert caught.value.message == "the packages cannot be installed together"
    assert any("broken" in fact and "nowhere" in fact for fact in caught.value.facts)


def test_no_keyring(archive: Archive, tmp_path: Path) -> None:
    assert update_refusal(archive, tmp_path).render() == (
        "error: the keyring of archive `debian` is missing\n"
        f"  expected at {archive.keyring}\n"
        "hint: sudo apt-get install debian-archive-keyring"
    )


def test_no_archive(archive: Archive, tmp_path: Path) -> None:
    archive.keys.make_key()
    error = update_refusal(archive, tmp_path)
    assert error.message == "an archive cannot be reached"
    assert error.facts[-1] == f"archives: file:{archive.root}"
    assert error.hint == "check the network, or name another host under `archives:` in site.yaml"


def test_an_archive_that_is_not_signed(archive: Archive, tmp_path: Path) -> None:
    archive.keys.make_key()
    archive.write()
    error = update_refusal(archive, tmp_path)
    assert error.message == "an archive is not signed"
    assert error.hint is None


def test_a_key_that_the_keyring_does_not_hold(archive: Archive, tmp_path: Path) -> None:
    archive.keys.make_key()
    only = archive.keyring.read_bytes()
    archive.keys.make_key("other")
    archive.keyring.write_bytes(only)
    archive.write()
    archive.keys.clearsign(archive.release, archive.release.with_name("InRelease"), "--local-user", "other")
    error = update_refusal(archive, tmp_path)
    assert error.message == "an archive is signed with a key that its keyring does not hold"
    assert error.hint == NEWER_KEY


def test_a_key_that_has_expired(archive: Archive, tmp_path: Path) -> None:
    archive.keys.make_key(days=10, at=LONG_AGO)
    archive.write()
    archive.sign(at=LONG_AGO + 60)
    error = update_refusal(archive, tmp_path)
    assert error.message == "the key that signed an archive has expired"
    assert error.hint == NEWER_KEY


def test_a_release_that_has_expired(archive: Archive, tmp_path: Path) -> None:
    archive.keys.make_key()
    archive.write(f"Valid-Until: {formatdate(LONG_AGO, usegmt=True)}\n")
    archive.sign()
    error = update_refusal(archive, tmp_path)
    assert error.message == "the signature or Release file of an archive has expired"
    assert error.hint == f"check this machine's clock, or {NEWER_KEY}"


def test_a_signature_over_other_bytes(signed: Archive, tmp_path: Path) -> None:
    path = signed.release.with_name("InRelease")
    path.write_text(path.read_text().replace("Suite: trixie", "Suite: sid"))
    assert update_refusal(signed, tmp_path).message == "an archive's signature is bad"


def test_an_index_that_the_release_does_not_name(signed: Archive, tmp_path: Path) -> None:
    index = signed.root / "dists/trixie/main/binary-arm64/Packages"
    index.write_text(index.read_text().replace("Version: 1.0", "Version: 6.6"))
    error = update_refusal(signed, tmp_path)
    assert error.message == "an archive's index is not the one that its Release file names"
    assert error.hint == "the archive is being updated, or something on the way changes it; try again"
