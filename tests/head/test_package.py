# SPDX-License-Identifier: Apache-2.0
"""The package for the head: the same bytes twice, whole, and nothing but Debian's Python needed."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.needs import needs_tool
from tests.unit.rules.source import ROOT

pytestmark = needs_tool("dpkg-deb", "visudo", "git")
PYTHON = "/usr/bin/python3"


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return build(tmp_path / "out")


def build(folder: Path) -> Path:
    done = subprocess.run([ROOT / "tools/deb", folder], capture_output=True, text=True, check=True)
    return Path(done.stdout.splitlines()[-1])


def test_the_same_bytes_twice(package: Path, tmp_path: Path) -> None:
    os.umask(0o077)
    try:
        assert build(tmp_path / "again").read_bytes() == package.read_bytes()
    finally:
        os.umask(0o022)


def test_it_runs_on_debians_python_alone(package: Path, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    subprocess.run(["dpkg-deb", "--extract", package, tree], check=True)
    code = (tree / "usr/bin/nodebake-head").read_text().replace('"/usr/', f'"{tree}/usr/')
    words = ["--pxe", str(tmp_path / "pxe"), "--etc", str(tmp_path / "etc"), "status"]
    # Isolated: neither this environment's packages nor the checkout are seen.
    done = subprocess.run(
        [PYTHON, "-I", "-S", "-c", code, *words], cwd="/", capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr == (
        "error: this head has no inventory yet\nhint: `nodebake publish` brings it from cluster.yaml\n"
    )
    packed = {path.name for path in (tree / "usr/share/nodebake-head/builder/head").glob("*.py")}
    assert packed == {path.name for path in (ROOT / "builder/head").glob("*.py")}


def test_sudo_lets_the_group_publish_and_nothing_else(package: Path, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    subprocess.run(["dpkg-deb", "--extract", package, tree], check=True)
    rules = tree / "etc/sudoers.d/nodebake-head"
    assert rules.stat().st_mode & 0o777 == 0o440
    subprocess.run(["visudo", "--check", "--quiet", "--file", rules], check=True)
    text = rules.read_text()
    assert not [
        verb for verb in ("backup", "restore", "adopt", "nodebake-head *", "--etc") if f"head {verb}" in text
    ]
