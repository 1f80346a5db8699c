# SPDX-License-Identifier: Apache-2.0
"""Something done in a child process of its own, with mounts of its own."""

from __future__ import annotations

import errno
import gc
import os
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from builder.errors import Exit, NodebakeError, disk_full
from builder.host import linux
from builder.host.process import CommandFailed
from builder.host.worker import SHOWN, entered, send


def in_child(act: Callable[[], None], disk: Path) -> None:
    """Fork, do `act` in a fresh mount namespace, wait. An error in it is sent to the starter.

    `disk` is the folder that it writes to, to be named when there is no room.
    """
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        if status:
            send({"error": _fields(f"a step was ended by signal {os.WTERMSIG(status)}")})
        return
    # It ends with its order, and among the hundred thousand values of a tree there are no cycles to find.
    gc.disable()
    try:
        linux.die_with_parent()
        linux.unshare(linux.CLONE_NEWNS)
        act()
    except BaseException as error:
        send({"error": _told(error, disk)})
    finally:
        sys.stdout.flush()
        os._exit(0)


def end_others() -> None:
    """End every process of this namespace but pid 1 and the caller: what a program left running."""
    assert entered.is_set(), "outside of the namespaces it would end everything"
    with suppress(ProcessLookupError):
        os.kill(-1, signal.SIGKILL)


def _told(error: BaseException, disk: Path) -> dict[str, Any]:
    """An error as the fields of an event."""
    if isinstance(error, CommandFailed) and error.disk_full:
        error = disk_full(str(disk), [error.message, *error.facts])
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        error = disk_full(str(disk))
    if isinstance(error, PermissionError) and str(error.filename).startswith(f"{SHOWN / 'project'}/"):
        # Root's builds have a uid of their own, and a checkout under umask 077 is root's alone.
        return _fields(
            f"`{error.filename}` cannot be read by the build",
            hint="make the project readable for others: chmod -R o+rX FOLDER",
        )
    if isinstance(error, NodebakeError):
        return _fields(error.message, error.facts, error.hint, error.exit)
    return _fields(_words(error), traceback.format_exc().splitlines()[-6:])


def _fields(
    message: str, facts: tuple[str, ...] | list[str] = (), hint: str | None = None, code: Exit = Exit.FAILED
) -> dict[str, Any]:
    return {"message": message, "facts": list(facts), "hint": hint, "exit": int(code)}


def _words(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else str(error)
    return f"{type(error).__name__}: {error}"
