# SPDX-License-Identifier: Apache-2.0
"""A folder that is gone afterwards."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def scratch(purpose: str) -> Iterator[Path]:
    """A private folder below TMPDIR, or else /var/tmp: /tmp may be memory, and this may grow large."""
    parent = os.environ.get("TMPDIR") or "/var/tmp"
    with tempfile.TemporaryDirectory(prefix=f"nodebake-{purpose}-", dir=parent) as folder:
        yield Path(folder)
