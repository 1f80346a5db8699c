# SPDX-License-Identifier: Apache-2.0
import pytest

from builder.errors import NodebakeError
from builder.lock.lock import Locked
from builder.release import contents
from builder.release.manifest import NonFree
from builder.tree.entry import Entry, Kind


def _locked(name: str, section: str) -> Locked:
    return Locked(name, "1", "arm64", "aa", 1, 1, "debian", "pool/x.deb", section)


def _link(path: str, target: str) -> Entry:
    return Entry(path, Kind.LINK, 0o777, 0, 0, 0, target=target)


COPYRIGHT = Entry("usr/share/doc/a/copyright", Kind.FILE, 0o644, 0, 0, 0, sha256="cc")


def test_firmware_comes_with_its_licence() -> None:
    found = contents.non_free([_locked("a", "non-free-firmware/kernel"), _locked("b", "libs")], [COPYRIGHT])
    assert found == (NonFree("a", "non-free-firmware/kernel", "/usr/share/doc/a/copyright", "cc"),)


@pytest.mark.parametrize(
    "link", [_link("usr/share/doc/b", "a"), _link("usr/share/doc/b/copyright", "../a/copyright")]
)
def test_a_licence_may_be_a_link_to_a_siblings(link: Entry) -> None:
    found = contents.non_free([_locked("b", "non-free/misc")], [COPYRIGHT, link])
    assert found[0].licence == "/usr/share/doc/a/copyright"


def test_firmware_without_its_licence_is_refused() -> None:
    with pytest.raises(NodebakeError) as caught:
        contents.non_free([_locked("a", "non-free/misc")], [_link("usr/share/doc/a", "a")])
    assert caught.value.render() == (
        "error: `a` is not free software, and the tree lacks its licence\n"
        "  section non-free/misc\n"
        "  /usr/share/doc/a/copyright is missing\n"
        "hint: keep /usr/share/doc/*/copyright in the tree"
    )


def test_files_carry_modes_in_octal() -> None:
    entry = Entry("b", Kind.FILE, 0o104755, 0, 0, 0)
    assert [file.mode for file in contents.files([entry])] == ["4755"]
