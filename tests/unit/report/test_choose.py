# SPDX-License-Identifier: Apache-2.0
"""Which report speaks."""

from __future__ import annotations

import io
import sys

import pytest

from builder.errors import RecipeError
from builder.report.choose import choose
from builder.report.events import EventReport


class Terminal(io.StringIO):
    """A stream that is a terminal."""

    def isatty(self) -> bool:
        return True


def on_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    # Not a fixture: pytest puts its own streams back between set-up and test.
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return stream


def test_colour_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = on_terminal(monkeypatch)
    choose().error(RecipeError("bad"))
    assert terminal.getvalue() == "\r\x1b[K\x1b[1;31merror:\x1b[0m bad\n"


def test_no_color_is_heeded(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = on_terminal(monkeypatch)
    monkeypatch.setenv("NO_COLOR", "1")
    choose().error(RecipeError("bad"))
    assert terminal.getvalue() == "\r\x1b[Kerror: bad\n"


@pytest.mark.parametrize("why", ["plain", "dumb", "pipe"])
def test_no_control_codes(why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stream: io.StringIO = on_terminal(monkeypatch)
    if why == "dumb":
        monkeypatch.setenv("TERM", "dumb")
    if why == "pipe":
        stream = io.StringIO()
        monkeypatch.setattr(sys, "stderr", stream)
    report = choose("plain" if why == "plain" else "auto")
    report.step_started(1, 1, "packages")
    report.error(RecipeError("bad"))
    assert stream.getvalue() == "error: bad\n"


def test_machines_get_events() -> None:
    assert isinstance(choose("json"), EventReport)
