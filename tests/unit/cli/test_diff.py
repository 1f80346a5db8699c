# SPDX-License-Identifier: Apache-2.0
"""`nodebake diff`: locks, releases and recipes by their words."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from builder.cli.main import main
from builder.lock.file import dump as dump_lock
from builder.release.manifest import File
from builder.release.manifest import dump as dump_manifest
from tests.unit.lock.samples import lock, locked
from tests.unit.release.samples import MANIFEST


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "recipes").mkdir()
    (tmp_path / "locks").mkdir()
    (tmp_path / "locks/mine.lock").write_text(dump_lock(lock(locked("a", "1", size=1000), locked("b"))))
    (tmp_path / "new.lock").write_text(dump_lock(lock(locked("a", "2", size=3500), locked("c", size=20))))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NODEBAKE_OUT", raising=False)
    return tmp_path


def release(folder: Path, *files: File) -> None:
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text(dump_manifest(replace(MANIFEST, files=files)))


def file(path: str, size: int, mode: str = "0644") -> File:
    return File(path, "f", mode, 0, 0, 1, size, f"{size:064}")


def test_two_locks(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", "mine", "new.lock"]) == 0
    assert capsys.readouterr() == (
        "packages: 1 added, 1 gone, 1 changed, +1.5 kB\n"
        "~ a  1 → 2  +2.5 kB\n"
        "- b  1.0  -1.0 kB\n"
        "+ c  1.0  +20 B\n",
        "files are compared between two releases only\n",
    )


def test_two_releases(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    release(project / "former", file("etc/a", 10), file("etc/b", 20), file("etc/m", 1))
    release(project / "out/mine/latest", file("etc/a", 4000), file("etc/c", 5), file("etc/m", 1, "0600"))
    assert main(["diff", "former/manifest.json", "mine"]) == 0
    assert capsys.readouterr() == (
        "packages: the same\n"
        "files: 1 added, 1 gone, 2 changed, +4.0 kB\n"
        "~ /etc/a  (content)  +4.0 kB\n"
        "- /etc/b  -20 B\n"
        "+ /etc/c  +5 B\n"
        "~ /etc/m  (mode)  +0 B\n",
        "",
    )


def test_for_programs(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    release(project / "former", file("etc/a", 10))
    release(project / "later")
    assert main(["diff", "former", "later", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["packages"] == []
    assert told["files"][0]["name"] == "/etc/a"
    assert (told["files"][0]["state"], told["files"][0]["after"]) == ("gone", None)
    assert told["files"][0]["before"]["size"] == 10


@pytest.mark.parametrize("word", ["nothing", "../mine", "recipes"])
def test_what_is_neither(word: str, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", word, "mine"]) == 2
    assert capsys.readouterr().err == (
        f"error: `{word}` is no lock, no release, and no recipe that was locked here\n"
        "hint: name a lock file, a folder with a manifest.json, or a recipe\n"
    )


def test_a_file_that_is_neither(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "x").write_text("hello")
    assert main(["diff", "x", "mine"]) == 2
    assert capsys.readouterr().err == "error: `x` is no lock and no release manifest\n"


def test_files_need_no_project(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    (project / "recipes").rmdir()
    assert main(["diff", "new.lock", "locks/mine.lock"]) == 0
