# SPDX-License-Identifier: Apache-2.0
"""Ports that the simulated control plane cannot have."""

from __future__ import annotations

import socket

import pytest

from builder.cli.main import main

HINT = "hint: name another one, or none: then a free one is taken\n"


def test_a_port_that_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["power", "simulate", "--port", "99999"]) == 2
    assert capsys.readouterr().err == f"error: `--port 99999`: ports are numbers below 65536\n{HINT}"


@pytest.mark.tools
def test_a_port_that_is_taken(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["power", "simulate", "--port", str(port)]) == 3
    assert capsys.readouterr().err == (
        f"error: port {port} of 127.0.0.1 cannot be listened at: address already in use\n{HINT}"
    )
