# SPDX-License-Identifier: Apache-2.0
"""Bytes from outside into the store: a file has its name only when it is what the lock says."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path

CHUNK = 1 << 18
TIMEOUT = (10, 60)
"""Seconds to be answered, and to wait for more."""


class OtherBytes(Exception):
    """What came is not what was wanted; `facts` say how that shows."""

    def __init__(self, facts: list[str]) -> None:
        super().__init__("; ".join(facts))
        self.facts = facts


def keep(
    chunks: Iterable[bytes], target: Path, sha256: str, size: int, advance: Callable[[int], None]
) -> None:
    """Bring `chunks` to `target`, with one rename. Raises OtherBytes; then nothing of it is kept."""
    partial = target.with_suffix(f".{os.getpid()}.part")
    digest = hashlib.sha256()
    received = 0
    try:
        with partial.open("wb") as sink:
            for chunk in chunks:
                received += len(chunk)
                if received > size:
                    # Whoever serves this may never end, and the disk does.
                    raise OtherBytes([f"the lock has {size} bytes, more were received"])
                digest.update(chunk)
                sink.write(chunk)
                advance(len(chunk))
        if digest.hexdigest() != sha256:
            raise OtherBytes([f"sha256 in the lock {sha256}", f"sha256 received    {digest.hexdigest()}"])
        partial.rename(target)
    finally:
        partial.unlink(missing_ok=True)
