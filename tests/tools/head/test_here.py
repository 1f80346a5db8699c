# SPDX-License-Identifier: Apache-2.0
"""Commands on the head when we are on it, as `--here` runs them: some of them by sudo."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from builder.deploy.here import Here

_KEPT = """\
echo first
cat >/dev/null
echo ended >"$1"
"""


def test_a_command_that_is_kept_ends_with_its_stdin(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    with Here().kept(["sh", "-c", _KEPT, "sh", str(mark)]) as lines:
        assert next(lines) == "first\n"
        assert not mark.exists()
    # By itself, and not by a signal.
    assert mark.read_text() == "ended\n"


def test_it_ends_so_too_when_the_body_fails(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    with pytest.raises(KeyError), Here().kept(["sh", "-c", _KEPT, "sh", str(mark)]):
        raise KeyError
    assert mark.read_text() == "ended\n"


def test_a_command_that_takes_no_signal_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the kernel answers an ordinary user who would end what sudo runs for him."""

    def refuse(_: subprocess.Popen[bytes]) -> None:
        raise PermissionError(1, os.strerror(1))

    monkeypatch.setattr(subprocess.Popen, "terminate", refuse)
    said = Here().lines(["sh", "-c", "echo first; sleep 0.3; echo second"])
    assert next(said) == "first\n"
    said.close()  # type: ignore[attr-defined]
