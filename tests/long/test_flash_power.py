# SPDX-License-Identifier: Apache-2.0
"""Two hundred flashes that lose their power, some of them more than once."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from tests.flash.conftest import Ground
from tests.flash.interrupted import interrupt
from tests.needs import needs_tool

pytestmark = needs_tool("ssh-keygen")


def test_two_hundred_interruptions(tmp_path: Path) -> None:
    with ExitStack() as stack:
        ground = Ground(tmp_path, stack)
        cuts = sum(interrupt(ground, tmp_path / "card", seed) for seed in range(1000, 1200))
    print(f"{cuts} power cuts in 200 flashes, none of which left a card that boots what is not whole")
    assert cuts >= 200
