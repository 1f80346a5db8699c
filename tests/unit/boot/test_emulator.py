# SPDX-License-Identifier: Apache-2.0
"""Programs that have the terminal or run beside us; here the shell's own small ones."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from builder.errors import Exit, LackingError
from builder.host.emulator import LOOPBACK, attended, loopback_port, unattended
from builder.host.process import CommandFailed
from builder.host.scratch import scratch

pytestmark = pytest.mark.tools


def test_beside_us_it_ends_with_the_body(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with unattended(["sh", "-c", "echo up; exec sleep 600"], log) as process:
        while not log.read_text():
            assert process.poll() is None
    assert process.returncode == -15
    assert log.read_text() == "up\n"


def test_one_that_fails_at_the_terminal() -> None:
    with pytest.raises(CommandFailed) as raised:
        attended(["sh", "-c", "exit 3"])
    assert raised.value.render() == "error: `sh` ended with 3\n  command: sh -c 'exit 3'"


def test_one_that_is_not_there(tmp_path: Path) -> None:
    with (
        pytest.raises(LackingError, match="`no-such-emulator` is not installed"),
        unattended(["no-such-emulator"], tmp_path / "log"),
    ):
        pass


def test_any_port() -> None:
    assert 0 < loopback_port(None) < 65536


def test_a_port_that_is_taken() -> None:
    with socket.socket() as listener:
        listener.bind((LOOPBACK, 0))
        listener.listen()
        port = listener.getsockname()[1]
        with pytest.raises(LackingError) as raised:
            loopback_port(port)
    assert raised.value.exit is Exit.LACKING
    assert raised.value.render() == (
        f"error: port `{port}` of 127.0.0.1 cannot be used: address already in use\n"
        "hint: name another one, or none: then a free one is taken"
    )


def test_no_such_port() -> None:
    with pytest.raises(LackingError, match=r"port `70000` .* ports are numbers below 65536"):
        loopback_port(70000)


def test_scratch_is_gone_afterwards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with scratch("boot") as folder:
        (folder / "card").touch()
        assert folder.parent == tmp_path
        assert folder.stat().st_mode & 0o077 == 0
    assert not folder.exists()
