# SPDX-License-Identifier: Apache-2.0
"""Waiting to be told to end."""

from __future__ import annotations

import asyncio
import signal


async def told_to_end() -> None:
    """Wait for SIGINT or SIGTERM, which do nothing else meanwhile."""
    told, loop = asyncio.Event(), asyncio.get_running_loop()
    both = (signal.SIGINT, signal.SIGTERM)
    for number in both:
        loop.add_signal_handler(number, told.set)
    try:
        await told.wait()
    finally:
        for number in both:
            loop.remove_signal_handler(number)
