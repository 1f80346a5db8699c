# SPDX-License-Identifier: Apache-2.0
"""The dpkg that a build lends says what the tree's own says, word for word."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from pathlib import Path

import pytest

from builder.build.workshop import store_root
from builder.host.chroot import LOADERS, MULTIARCH
from builder.host.dpkg_twins import TWINS, renamed
from tests.build.conftest import Apart, emulator

pytestmark = [
    pytest.mark.build,
    pytest.mark.skipif(platform.machine() != "x86_64", reason="only another machine's dpkg has to be lent"),
]

QUESTIONS = (
    ("dpkg", "--version"),
    ("dpkg", "--print-architecture"),
    ("dpkg", "--print-foreign-architectures"),
    ("dpkg", "--validate-version", "--", "1:2.3~rc1-4+deb13u1"),
    ("dpkg", "--validate-version", "--", "no version"),
    ("dpkg", "--compare-versions", "1.0~rc1", "lt", "1.0"),
    ("dpkg", "--compare-versions", "1.0~rc1", "gt", "1.0"),
    ("dpkg", "--audit"),
    ("dpkg", "--get-selections"),
    ("dpkg", "--status", "bash:arm64"),
    ("dpkg", "--status", "bash:amd64"),
    ("dpkg-query", "--list"),
    ("dpkg-query", "--show", "--showformat", "${binary:Package} ${Architecture} ${db:Status-Abbrev}\\n"),
    ("dpkg-query", "--listfiles", "libc6"),
    ("dpkg-query", "--control-path", "libc6"),
    ("dpkg-query", "--search", "/usr/bin/dpkg"),
    ("dpkg-divert", "--list"),
    ("dpkg-divert", "--truename", "/lib64"),
    ("dpkg-divert", "--listpackage", "/lib64"),
    ("dpkg-statoverride", "--list"),
    ("dpkg-trigger", "--no-act", "ldconfig"),
)


@pytest.fixture(scope="module")
def helper(docker_sdcard: Apart) -> Path:
    """The helper by which the tree was built."""
    store = store_root(os.environ)
    identity: str = json.loads((store / "plans/docker-sdcard").read_text())["steps"]["helper 0"]["id"]
    return store / "objects" / identity / "delta"


@pytest.mark.parametrize("question", QUESTIONS, ids=" ".join)
def test_answer(question: tuple[str, ...], docker_sdcard: Apart, helper: Path, tmp_path: Path) -> None:
    name, *words = question
    tree = docker_sdcard.root
    where = [f"--admindir={tree}/var/lib/dpkg"] if name == "dpkg-trigger" else [f"--root={tree}"]
    twin = tmp_path / name
    twin.write_bytes(renamed((helper / "usr/bin" / name).read_bytes(), "amd64", "arm64"))
    libraries = helper / "usr/lib" / MULTIARCH["amd64"]
    loader = libraries / LOADERS["amd64"]
    native: list[str | Path] = [loader, "--argv0", name, "--library-path", libraries, twin]
    foreign: list[str | Path] = [emulator(), "-L", tree, "-0", name, tree / "usr/bin" / name]
    assert _said([*native, *where, *words]) == _said([*foreign, *where, *words])


def test_every_twin_is_asked_something() -> None:
    # dpkg-deb and dpkg-split work on packages, and have nothing to say of a tree.
    assert {question[0] for question in QUESTIONS} == {*TWINS} - {"dpkg-deb", "dpkg-split"}


def _said(argv: list[str | Path]) -> tuple[int, str]:
    done = subprocess.run(
        argv,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "COLUMNS": "200"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout
