# SPDX-License-Identifier: Apache-2.0
"""A head in a folder for each test."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.head.ground import Ground, make_ground

MEMORY = Path("/dev/shm")


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder in memory where there is such: a publish waits for the disk, which others keep busy."""
    below = MEMORY if os.access(MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="nodebake-head-", dir=below) as folder:
        yield Path(folder)


@pytest.fixture
def ground(place: Path) -> Ground:
    return make_ground(place / "head")
