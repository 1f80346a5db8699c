# SPDX-License-Identifier: Apache-2.0
"""Kill a call of nodebake-head before its n-th change of the disk, as a power cut or SIGKILL would."""

from __future__ import annotations

import io
import os
import signal
import subprocess
from collections.abc import Callable
from typing import Any

_CHANGES = (
    "chmod", "fchmod", "ftruncate", "fsync", "link", "mkdir", "pwrite", "rename", "replace", "rmdir",
    "symlink", "unlink", "utime", "write",
)  # fmt: skip


def killed_before(number: int, call: Callable[[], int]) -> bool:
    """Run `call` in a child that dies before change `number`, counted from 1; False when it ended."""
    child = os.fork()
    if child == 0:
        _arm(number)
        os._exit(call())
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.waitstatus_to_exitcode(status) == 0
    return False


def _arm(number: int) -> None:
    """Count what changes the disk, programs that are started included."""
    left = number

    def counted(real: Callable[..., Any], changes: Callable[..., bool] = lambda *_, **__: True) -> Any:
        def call(*arguments: Any, **named: Any) -> Any:
            nonlocal left
            if changes(*arguments, **named):
                left -= 1
                if left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
            return real(*arguments, **named)

        return call

    def writes(_: object, mode: str = "r", *__: object, **named: object) -> bool:
        return any(letter in str(named.get("mode", mode)) for letter in "wxa+")

    for name in _CHANGES:
        setattr(os, name, counted(getattr(os, name)))
    io.open = counted(io.open, writes)
    os.open = counted(os.open, lambda _, flags, *__, **___: bool(flags & os.O_CREAT))
    subprocess.Popen.__init__ = counted(subprocess.Popen.__init__)  # type: ignore[method-assign]
