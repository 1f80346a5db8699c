# SPDX-License-Identifier: Apache-2.0
"""How an error of a step is told, and what must not be called outside of the namespaces."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from builder.errors import Exit, StepError
from builder.host import child
from builder.host.process import CommandFailed

DISK = Path("/run/nodebake/store")
FULL = "no space left on the disk of `/run/nodebake/store`"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_no_room_for_a_file(number: int) -> None:
    told = child._told(OSError(number, os.strerror(number), "/run/nodebake/tree/etc/x"), DISK)
    assert (told["message"], told["facts"], told["exit"]) == (FULL, [], Exit.LACKING)
    assert told["hint"].startswith("free some space, or go elsewhere: NODEBAKE_STORE=DIR")


def test_no_room_for_a_program() -> None:
    output = b"tar: x: Cannot write: No space left on device\n" + b"more\n" * 20
    told = child._told(CommandFailed(["/bin/tar", "-x"], 2, output, Path("/log")), DISK)
    assert (told["message"], told["exit"]) == (FULL, Exit.LACKING)
    assert told["facts"][:2] == ["`tar` ended with 2", "command: /bin/tar -x"]


def test_another_error_keeps_its_words() -> None:
    told = child._told(StepError("no", facts=["why"], hint="do"), DISK)
    assert told == {"message": "no", "facts": ["why"], "hint": "do", "exit": 1}
    assert child._told(CommandFailed(["x"], 1, b"no\n", None), DISK)["message"] == "`x` ended with 1"
    assert child._told(ValueError("odd"), DISK)["message"] == "ValueError: odd"


def test_nothing_is_ended_outside_of_the_namespaces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "kill", lambda *_: pytest.fail("would end everything"))
    with pytest.raises(AssertionError, match="outside of the namespaces"):
        child.end_others()


def test_no_room_for_the_log_of_a_program_either(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    full = SimpleNamespace(f_bavail=15, f_frsize=4096)
    monkeypatch.setattr(os, "statvfs", lambda _: full)
    told = child._told(CommandFailed(["/bin/tar"], 2, b"", tmp_path), DISK)
    assert (told["message"], told["exit"]) == (FULL, Exit.LACKING)
