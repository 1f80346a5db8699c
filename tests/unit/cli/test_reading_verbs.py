# SPDX-License-Identifier: Apache-2.0
"""The verbs that only read: list, check, show."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from builder.cli.main import main
from tests.unit.cli.test_init import KEY

GOOD = f"""\
format: 1
summary: boots
base: debian
boards: [pi3b]
layers:
  - users:
      - name: operator
        keys: ["{KEY}"]
        password_hash: {"$6$salt$" + "a" * 86}
  - packages: [openssh-server]
outputs:
  image:
    free: 100 MiB
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "recipes").mkdir()
    (tmp_path / "recipes/good.yaml").write_text(GOOD)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_list(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "recipes/other-one.yaml").write_text(GOOD.replace("boots", "boots too"))
    assert main(["list"]) == 0
    assert capsys.readouterr() == ("good       boots\nother-one  boots too\n", "")


def test_list_for_programs(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--json"]) == 0
    expected = [{"name": "good", "summary": "boots", "boards": ["pi3b"], "outputs": ["image"]}]
    assert json.loads(capsys.readouterr().out) == expected


def test_a_broken_recipe_does_not_hide_the_others(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "recipes/bad.yaml").write_text("a: [")
    assert main(["list"]) == 0
    out, err = capsys.readouterr()
    assert out == "bad\ngood  boots\n"
    assert err == "warning: recipe `bad` cannot be read\nhint: nodebake check bad\n"


@pytest.mark.parametrize("name", ["good.yaml", "recipes/good.yaml", "./recipes/good.yaml"])
def test_a_recipe_by_its_file(name: str, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", name]) == 2
    assert capsys.readouterr().err == f"error: there is no recipe `{name}`\nhint: did you mean `good`?\n"


def test_list_of_nothing(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "recipes/good.yaml").unlink()
    assert main(["list"]) == 0
    assert capsys.readouterr() == ("", f"there are no recipes in `{project / 'recipes'}`\n")


def test_check(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check"]) == 0
    assert capsys.readouterr() == ("", "good: nothing wrong\n")
    assert main(["check", "good", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"recipes": ["good"], "problems": []}


def test_check_tells_place_and_caret(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "recipes/good.yaml").write_text(GOOD.replace("summary:", "sumary:"))
    assert main(["check"]) == 2
    out, err = capsys.readouterr()
    assert not out
    assert err.startswith("recipes/good.yaml:2:1: error: ")
    assert "\n  2 | sumary: boots\n    | ^\n" in err


def test_check_for_programs(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "recipes/good.yaml").write_text(GOOD.replace("summary:", "sumary:"))
    assert main(["check", "--json"]) == 2
    out, err = capsys.readouterr()
    assert not err
    (problem,) = json.loads(out)["problems"]
    assert (problem["place"]["file"], problem["place"]["line"]) == ("recipes/good.yaml", 2)


@pytest.mark.parametrize("verb", ["check", "show"])
def test_an_unknown_recipe_has_near_names(
    verb: str, project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([verb, "goood"]) == 2
    assert capsys.readouterr().err == "error: there is no recipe `goood`\nhint: did you mean `good`?\n"


def test_show(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "good"]) == 0
    out, err = capsys.readouterr()
    assert not err
    assert out.startswith("good: boots\nbase debian (trixie arm64)\nboards pi3b\nkernels linux-image-arm64\n")
    assert "recipes/good.yaml:" in out
    assert "\noutputs\n  image\n" in out
    assert "a" * 86 not in out


def test_show_for_programs(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "good", "--json"]) == 0
    out = capsys.readouterr().out
    told = json.loads(out)
    assert told["recipe"] == "good"
    assert [layer["kind"] for layer in told["layers"]][-2:] == ["users", "packages"]
    assert "a" * 86 not in out


@pytest.mark.parametrize("of", ["recipe", "site", "overlay"])
def test_schema(of: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", of]) == 0
    assert json.loads(capsys.readouterr().out)["type"] == "object"
