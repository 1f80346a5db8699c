# SPDX-License-Identifier: Apache-2.0
"""`nodebake boot`: what it says, and what it refuses before it starts anything."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from builder.boot.built import Built
from builder.cli import boot
from builder.cli.main import main
from builder.cli.project import Project
from tests.head.release import Tiny
from tests.unit.cli.test_reading_verbs import GOOD


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    (tmp_path / "recipes").mkdir()
    (tmp_path / "recipes/good.yaml").write_text(GOOD)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NODEBAKE_OUT", raising=False)
    return Project(tmp_path)


def test_what_has_not_been_built(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["boot", "good"]) == 2
    assert capsys.readouterr() == ("", "error: `good` has not been built\nhint: nodebake build good\n")


def test_a_folder_without_a_release(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["boot", "out/good/latest"]) == 2
    assert capsys.readouterr().err == (
        "error: there is no release in `out/good/latest`\n"
        "hint: name a recipe, or a folder below out/ with a manifest.json\n"
    )


def test_a_releases_folder(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    place = Tiny(recipe="good").make(project.root / "elsewhere")
    assert main(["boot", f"elsewhere/good/{place.name}"]) == 2
    assert capsys.readouterr().err == (
        f"error: `good` was built without an image\n  in {place}\n"
        "hint: nodes boot it over the network: add `--netboot`\n"
    )


def test_memory_that_the_board_cannot_have(
    project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(boot, "built", lambda out, name: Built(out / "x.img", 1 << 30, 8 << 20, "arm64"))
    assert main(["boot", "good", "--board", "raspi3b", "--memory", "512"]) == 2
    assert capsys.readouterr().err.startswith("error: `raspi3b` has 1024 MiB of memory, not `512`\n")


def test_the_greeting() -> None:
    assert boot.greeting(Path("/o/x.img"), "virt", "ssh …") == (
        "booting /o/x.img on virt; what it writes is thrown away",
        "log in from another terminal, a minute or more from now: ssh …",
        "this terminal is its console; ctrl-a x ends it",
    )


def test_how_to_log_in_with_ones_own_key(project: Project) -> None:
    line = boot.ssh_line(project, project.recipe("good"), 2222)
    options = "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null"
    assert line == f"ssh -p 2222 {options} operator@127.0.0.1"


def test_how_to_log_in_with_the_key_that_init_made(project: Project) -> None:
    key = project.root / "keys" / "operator"
    key.parent.mkdir()
    key.touch()
    words = shlex.split(boot.ssh_line(project, project.recipe("good"), 2222))
    assert words[3:5] == ["-i", str(key)]
