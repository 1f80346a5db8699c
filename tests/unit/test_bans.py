# SPDX-License-Identifier: Apache-2.0
"""The ban on processes and sockets holds."""

from __future__ import annotations

import os
import socket
import subprocess

import pytest


def test_no_process() -> None:
    with pytest.raises(AssertionError, match="starts a process"):
        subprocess.run(["true"], check=False)
    with pytest.raises(AssertionError):
        os.fork()


def test_no_socket() -> None:
    with pytest.raises(AssertionError, match="opens a socket"):
        socket.create_connection(("localhost", 9))


@pytest.mark.tools
def test_unless_it_says_tools() -> None:
    assert subprocess.run(["true"], check=False).returncode == 0
