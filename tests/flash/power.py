# SPDX-License-Identifier: Apache-2.0
"""Cut the power of a flash at a write of your choice, as a card sees it.

The write in hand is torn at some sector; of what was written since the card was last told to settle, any part
may be there or not. Which, a seed decides.
"""

from __future__ import annotations

import os
import random
import signal
from typing import Any

from builder.errors import NodebakeError
from builder.flash.agent.order import Order
from builder.flash.agent.work import carry_out

_SECTOR = 512


def cut(given: Order, number: int, seed: int) -> bool:
    """Flash, and lose power at write `number`, counted from 1; False when the flash ended before."""
    child = os.fork()
    if child == 0:
        os._exit(_flash(given, number, random.Random(seed)))
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.waitstatus_to_exitcode(status) == 0
    return False


def writes(given: Order) -> int:
    """How many writes a whole flash is; it is done."""
    count = 0
    real = os.pwrite

    def counted(*arguments: Any) -> int:
        nonlocal count
        count += 1
        return real(*arguments)

    os.pwrite = counted
    try:
        carry_out(given, lambda *_: None)
    finally:
        os.pwrite = real
    return count


def _flash(given: Order, number: int, chance: random.Random) -> int:
    plain = os.open(given.device, os.O_RDWR)
    real_pwrite, real_fsync = os.pwrite, os.fsync
    floating: list[tuple[int, bytes]] = []
    left = number

    def pwrite(descriptor: int, data: memoryview, at: int) -> int:
        nonlocal left
        left -= 1
        before = os.pread(plain, len(data), at)
        if left == 0:
            there = chance.randrange(len(data) // _SECTOR + 1) * _SECTOR
            real_pwrite(plain, bytes(data[:there]), at)
            # What the card had not settled is there or not, piece by piece, whatever its order.
            for start, former in reversed(floating):
                for skip in range(0, len(former), 64 * _SECTOR):
                    if chance.random() < 0.5:
                        real_pwrite(plain, former[skip : skip + 64 * _SECTOR], start + skip)
            os.kill(os.getpid(), signal.SIGKILL)
        floating.append((at, before))
        return real_pwrite(descriptor, data, at)

    def fsync(descriptor: int) -> None:
        real_fsync(descriptor)
        floating.clear()

    os.pwrite, os.fsync = pwrite, fsync  # type: ignore[assignment]
    try:
        carry_out(given, lambda *_: None)
    except NodebakeError:
        return 1
    return 0
