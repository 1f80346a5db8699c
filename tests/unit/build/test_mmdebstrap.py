# SPDX-License-Identifier: Apache-2.0
"""What mmdebstrap is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.build import workshop
from builder.build.step.mmdebstrap import command, compare, pinned, stanza
from builder.build.workshop import require_programs
from builder.errors import Exit, LackingError, StepError

CONTROL = """Package: apt
Version: 1:3.0~rc1+b2
Architecture: arm64
Description: commandline package manager
 This package: provides
 .
 Version: 9
"""


def test_a_stanza_is_the_control_file_and_where_the_deb_lies() -> None:
    assert stanza(CONTROL, "ab" * 32, 1000) == (
        f"{CONTROL}Filename: debs/{'ab' * 32}.deb\nSize: 1000\nSHA256: {'ab' * 32}\n"
    )


def test_a_package_is_asked_for_with_its_version() -> None:
    assert pinned(stanza(CONTROL, "ab" * 32, 1000)) == "apt=1:3.0~rc1+b2"


def test_a_package_of_a_foreign_architecture_is_asked_for_with_that() -> None:
    text = stanza(CONTROL, "ab" * 32, 1000)
    assert pinned(text, ("arm64",)) == "apt:arm64=1:3.0~rc1+b2"
    assert pinned(text, ("amd64",)) == "apt=1:3.0~rc1+b2"
    words = command(Path("/t"), Path("/r"), ["armhf", "arm64"], ["apt:arm64=1"])
    assert {"--architectures=armhf,arm64", "--include=apt:arm64=1"} <= set(words)


def test_a_package_without_a_version() -> None:
    with pytest.raises(StepError) as caught:
        pinned("Package: apt\nArchitecture: arm64\n")
    assert caught.value.render() == (
        "error: a package has no name or version\n  Package: apt\n  Architecture: arm64"
    )


def test_hooks_come_before_what_is_installed() -> None:
    words = command(Path("/t"), Path("/r"), ["armel"], ["apt=1"], ["/h/merged-usr"])
    assert words[7:10] == [words[7], "--hook-directory=/h/merged-usr", "--include=apt=1"]


def test_the_command() -> None:
    assert command(Path("/t"), Path("/r"), ["arm64"], ["apt=1", "dpkg=2"]) == [
        "mmdebstrap",
        "--quiet",
        "--mode=root",
        "--format=directory",
        "--variant=essential",
        "--architectures=arm64",
        "--skip=check/empty,check/qemu",
        '--setup-hook=rm -f "$1/etc/resolv.conf" "$1/etc/hostname"',
        "--include=apt=1,dpkg=2",
        "",
        "/t",
        "deb [trusted=yes] copy:///r ./",
    ]


def status(**packages: str) -> str:
    return "\n".join(
        f"Package: {name}\nStatus: install ok installed\nVersion: {version}\n"
        for name, version in packages.items()
    )


def test_the_tree_has_what_the_lock_names() -> None:
    compare(["apt=1", "dpkg=2"], status(dpkg="2", apt="1"))


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        (status(apt="1"), "  dpkg=2"),
        (status(apt="1", dpkg="3"), "  dpkg=2\n  dpkg=3"),
        (status(apt="1", dpkg="2", nano="1"), "  nano=1"),
        (
            status(apt="1", dpkg="2").replace("install ok installed", "install ok unpacked"),
            "  apt=1\n  dpkg=2",
        ),
    ],
)
def test_the_tree_has_something_else(text: str, facts: str) -> None:
    with pytest.raises(StepError) as caught:
        compare(["apt=1", "dpkg=2"], text)
    assert caught.value.render() == f"error: mmdebstrap did not install what the lock names\n{facts}"


def test_a_machine_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workshop, "find", lambda *_: None)
    require_programs({"helper", "packages"})
    with pytest.raises(LackingError) as caught:
        require_programs({"helper", "mmdebstrap"})
    assert caught.value.exit == Exit.LACKING
    assert caught.value.render() == (
        "error: there is no mmdebstrap on this machine\n"
        "  it is the engine that --engine names; the native one needs no such program\n"
        "hint: sudo apt-get install mmdebstrap"
    )
