# SPDX-License-Identifier: Apache-2.0
"""All that is missing is named at once, with the line that installs it."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.boot import tools
from builder.errors import Exit, LackingError


def test_all_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "find", Path)
    tools.require_tools()


def test_two_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "find", lambda name: Path(name) if name == "qemu-img" else None)
    with pytest.raises(LackingError) as raised:
        tools.require_tools()
    assert raised.value.exit is Exit.LACKING
    assert raised.value.render() == (
        "error: the emulator needs `qemu-system-aarch64`, `mcopy`\n"
        "hint: apt-get install --no-install-recommends qemu-system-arm mtools"
    )
