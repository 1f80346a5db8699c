# SPDX-License-Identifier: Apache-2.0
"""What is told of the keys that sign releases."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.cli.main import main

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI"
OPTIONS = 'namespaces="nodebake-release",valid-after="20260101"'


def test_which_are_good(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "recipes").mkdir()
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys/release-main-2").touch()
    (tmp_path / "release_signers").write_text(
        f'main {OPTIONS},valid-before="20260201" {KEY}1\n'
        f'lost {OPTIONS},valid-before="20990201" {KEY}2\n'
        f"main-2 {OPTIONS} {KEY}3\n"
    )
    (tmp_path / "revoked_signers").write_text(f"{KEY}2\n")
    assert main(["key", "list", "--project", str(tmp_path)]) == 0
    assert capsys.readouterr().out == (
        "main  over since 2026-02-01, its private half is elsewhere\n"
        "lost  revoked, its private half is elsewhere\n"
        "main-2  good\n"
    )


def test_none_yet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "recipes").mkdir()
    assert main(["key", "list", "--project", str(tmp_path)]) == 0
    assert capsys.readouterr() == ("", "no key signs releases here yet: nodebake key new\n")
