# SPDX-License-Identifier: Apache-2.0
"""The first thing that a user runs."""

from __future__ import annotations

import stat
from collections.abc import Sequence
from pathlib import Path

import pytest

from builder.cli import init
from builder.cli.main import main
from builder.host.process import Finished

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHUQ2cfnMLb3yG3jHTwzMZVHzFQpmIzQfn5PmLcA4TqV someone"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project, a home without keys, and an ssh-keygen that is none."""
    home = tmp_path / "home"
    (home / ".ssh").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(home))
    root = tmp_path / "project"
    (root / "recipes").mkdir(parents=True)
    monkeypatch.chdir(root)
    monkeypatch.setattr(init, "run_program", keygen)
    return root


def keygen(argv: Sequence[str]) -> Finished:
    private = Path(argv[argv.index("-f") + 1])
    private.write_text("PRIVATE")
    private.with_suffix(".pub").write_text(KEY + "\n")
    return Finished(0, b"", b"")


def test_keys_of_the_home_go_into_the_site_file(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project.parent / "home/.ssh/id.pub").write_text(KEY + "\n")
    assert main(["init"]) == 0
    site = project / "site.yaml"
    assert capsys.readouterr() == (f"{site}\n", "")
    assert KEY in site.read_text()
    assert stat.S_IMODE(site.stat().st_mode) == 0o600
    assert not (project / "keys").exists()


def test_without_a_key_a_pair_is_made(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["init"]) == 0
    private = project / "keys/operator"
    out, err = capsys.readouterr()
    assert out == f"{project / 'site.yaml'}\n"
    assert f"`{private}`" in err
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert stat.S_IMODE(private.parent.stat().st_mode) == 0o700
    assert KEY in (project / "site.yaml").read_text()


def test_a_pair_that_is_there_is_kept(project: Path) -> None:
    assert main(["init"]) == 0
    (project / "keys/operator").write_text("MINE")
    (project / "site.yaml").unlink()
    assert main(["init"]) == 0
    assert (project / "keys/operator").read_text() == "MINE"


def test_it_refuses_to_overwrite(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    site = project / "site.yaml"
    site.write_text("mine")
    assert main(["init"]) == 5
    assert capsys.readouterr() == (
        "",
        f"error: `{site}` is there already\nhint: edit it, or move it away and run init again\n",
    )
    assert site.read_text() == "mine"


def test_keep_leaves_everything_as_it_is(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    site = project / "site.yaml"
    site.write_text("mine")
    assert main(["init", "--keep"]) == 0
    assert capsys.readouterr() == (f"{site}\n", "")
    assert site.read_text() == "mine"


def test_a_named_key_is_the_only_one(project: Path, tmp_path: Path) -> None:
    (project.parent / "home/.ssh/id.pub").write_text(KEY + "\n")
    other = tmp_path / "other.pub"
    other.write_text(KEY.replace("someone", "other"))
    assert main(["init", "--key", str(other)]) == 0
    text = (project / "site.yaml").read_text()
    assert "other" in text
    assert "someone" not in text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "there is no file"),
        (b"-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA", "private key"),
        (b"\xff", "is not a text"),
    ],
)
def test_a_named_file_that_is_no_key(
    content: bytes | None, message: str, project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = tmp_path / "id"
    if content is not None:
        key.write_bytes(content)
    assert main(["init", "--key", str(key)]) == 2
    assert message in capsys.readouterr().err
    assert not (project / "site.yaml").exists()


def test_what_is_no_key_in_the_home_is_passed_over(project: Path) -> None:
    (project.parent / "home/.ssh/id-cert.pub").write_text("ssh-ed25519-cert-v01@openssh.com AAAA x\n")
    (project.parent / "home/.ssh/id.pub").write_text(KEY + "\n")
    assert main(["init"]) == 0
    assert "cert" not in (project / "site.yaml").read_text()


def test_a_pair_without_its_public_half(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "keys").mkdir()
    (project / "keys/operator").write_text("PRIVATE")
    assert main(["init"]) == 2
    assert "ssh-keygen -y" in capsys.readouterr().err
