# SPDX-License-Identifier: Apache-2.0
"""Unit tests start no process and open no socket, unless they say `tools`.

Tests of the overlays' own scripts run those scripts: that is what they are for.
"""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path
from typing import NoReturn

import pytest

_FREE = Path(__file__).parent / "overlays"


@pytest.fixture(autouse=True)
def nothing_leaves(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Forbid processes and sockets."""
    if request.node.get_closest_marker("tools") or request.path.is_relative_to(_FREE):
        return

    def forbidden(*arguments: object, **_: object) -> NoReturn:
        # AssertionError, and not OSError, so that no code under test takes it for weather.
        raise AssertionError(f"a unit test starts a process or opens a socket: {arguments}")

    monkeypatch.setattr(subprocess, "Popen", forbidden)
    # A class, for a library that is imported by then may derive its own from it.
    monkeypatch.setattr(socket, "socket", type("socket", (socket.socket,), {"__init__": forbidden}))
    for name in ("fork", "posix_spawn", "posix_spawnp", "system", "execve"):
        monkeypatch.setattr(os, name, forbidden)
