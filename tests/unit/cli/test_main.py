# SPDX-License-Identifier: Apache-2.0
"""Exit codes, and how each kind of ending sounds."""

from __future__ import annotations

import errno
import importlib
import types
from collections.abc import Callable
from typing import NoReturn

import pytest

from builder import __version__
from builder.cli import main as command
from builder.errors import LackingError, RefusedError, StaleLockError, StepError

Ending = Callable[[BaseException], None]


@pytest.fixture
def ending(monkeypatch: pytest.MonkeyPatch) -> Ending:
    """Let the verb that is called end with an exception."""

    def ends(error: BaseException) -> None:
        def run(*_: object) -> NoReturn:
            raise error

        monkeypatch.setattr(importlib, "import_module", lambda _: types.SimpleNamespace(run=run))

    return ends


@pytest.mark.parametrize(
    ("error", "code"),
    [(StepError("x"), 1), (LackingError("x"), 3), (StaleLockError("x"), 4), (RefusedError("x"), 5)],
)
def test_an_error_gives_its_exit_code(
    error: Exception, code: int, ending: Ending, capsys: pytest.CaptureFixture[str]
) -> None:
    ending(error)
    assert command.main(["list"]) == code
    assert capsys.readouterr() == ("", "error: x\n")


def test_interrupted_is_one_line(ending: Ending, capsys: pytest.CaptureFixture[str]) -> None:
    ending(KeyboardInterrupt())
    assert command.main(["list"]) == 130
    assert capsys.readouterr() == ("", "error: interrupted\n")


def test_a_bug_is_one_line_without_debug(ending: Ending, capsys: pytest.CaptureFixture[str]) -> None:
    ending(KeyError("a\nb"))
    assert command.main(["list"]) == 1
    assert capsys.readouterr().err == (
        "error: this is a bug in nodebake: KeyError: 'a\\nb'\nhint: `--debug` shows where it happened\n"
    )


def test_debug_shows_the_traceback(ending: Ending, capsys: pytest.CaptureFixture[str]) -> None:
    ending(KeyError("a"))
    assert command.main(["list", "--debug"]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_a_file_that_may_not_be_read_is_no_bug(ending: Ending, capsys: pytest.CaptureFixture[str]) -> None:
    ending(PermissionError(errno.EACCES, "Permission denied", "site.yaml"))
    assert command.main(["list"]) == 1
    assert capsys.readouterr().err.startswith("error: `site.yaml`: permission denied\n")


def test_a_full_disk_is_something_this_machine_lacks(
    ending: Ending, capsys: pytest.CaptureFixture[str]
) -> None:
    ending(OSError(errno.ENOSPC, "No space left on device"))
    assert command.main(["list"]) == 3
    assert capsys.readouterr().err.startswith(
        "error: no space left on the disk of `the store or the output`\nhint: free some space"
    )


def test_a_reader_that_went_away_is_quiet(
    ending: Ending, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "nobody_reads", lambda: None)
    ending(BrokenPipeError())
    assert command.main(["list"]) == 1
    assert capsys.readouterr() == ("", "")


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--version"]) == 0
    assert capsys.readouterr() == (f"nodebake {__version__}\n", "")


def test_nothing_shows_the_verbs(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main([]) == 0
    out, err = capsys.readouterr()
    assert "docker-sdcard" in out
    assert not err


def test_machines_get_errors_as_events(ending: Ending, capsys: pytest.CaptureFixture[str]) -> None:
    ending(StepError("x"))
    assert command.main(["--progress", "json", "list"]) == 1
    assert capsys.readouterr().err.startswith('{"event": "error", "message": "x"')
