# SPDX-License-Identifier: Apache-2.0
"""Power is cut in the middle of a flash: the card is whole or does not boot, and the next flash ends it."""

from __future__ import annotations

from pathlib import Path

from tests.flash.conftest import Ground
from tests.flash.interrupted import interrupt
from tests.needs import needs_tool

pytestmark = needs_tool("ssh-keygen")


def test_power_is_cut(ground: Ground, tmp_path: Path) -> None:
    cuts = sum(interrupt(ground, tmp_path / "card", seed) for seed in range(20))
    # So many were in time; tests/long has ten times as many.
    assert cuts >= 20
