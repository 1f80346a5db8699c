# SPDX-License-Identifier: Apache-2.0
"""Something done in a child process of its own, with mounts of its own."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from typing import Any

from builder.errors import Exit, NodebakeError
from builder.host import linux
from builder.host.worker import send


def in_child(act: Callable[[], None]) -> None:
    """Fork, do `act` in a fresh mount namespace, wait. An error in it is sent to the starter."""
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        if status:
            send({"error": _fields(f"a step was ended by signal {os.WTERMSIG(status)}")})
        return
    try:
        linux.die_with_parent()
        linux.unshare(linux.CLONE_NEWNS)
        act()
    except NodebakeError as error:
        send({"error": _fields(error.message, error.facts, error.hint, error.exit)})
    except BaseException as error:
        send({"error": _fields(_words(error), traceback.format_exc().splitlines()[-6:])})
    finally:
        sys.stdout.flush()
        os._exit(0)


def _fields(
    message: str, facts: tuple[str, ...] | list[str] = (), hint: str | None = None, code: Exit = Exit.FAILED
) -> dict[str, Any]:
    return {"message": message, "facts": list(facts), "hint": hint, "exit": int(code)}


def _words(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else str(error)
    return f"{type(error).__name__}: {error}"
