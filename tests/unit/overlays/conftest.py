# SPDX-License-Identifier: Apache-2.0
"""The fake machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.overlays.machine import Machine


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """An empty machine."""
    for folder in ("root", "stubs"):
        (tmp_path / folder).mkdir()
    return Machine(tmp_path / "root", tmp_path / "stubs", tmp_path / "calls")
