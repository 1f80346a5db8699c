# SPDX-License-Identifier: Apache-2.0
"""A rotation leaves lines that ssh-keygen reads."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.cli.main import main


@pytest.mark.parametrize("days", ["0", "-1", "3651", "99999999999"])
def test_a_key_does_not_end_before_it_begins(
    days: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "recipes").mkdir()
    assert main(["key", "rotate", "--overlap", days, "--project", str(tmp_path)]) == 2
    assert capsys.readouterr().err == (
        f"error: `--overlap {days}`: the present key stays good for 1 to 3650 days\n"
        "hint: `nodebake key revoke NAME` ends it at once, after the rotation\n"
    )
    assert not (tmp_path / "release_signers").exists()
