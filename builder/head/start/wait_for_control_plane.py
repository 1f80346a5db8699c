#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Wait until the module's control plane takes connections: wait-for-control-plane PORT SECONDS."""

from __future__ import annotations

import asyncio
import sys
import time

import websockets

_PAUSE = 2.0
_EACH = 5.0


async def answers(url: str) -> bool:
    """Whether a WebSocket is spoken there. The connection is closed as the protocol wants it."""
    try:
        connection = await asyncio.wait_for(websockets.connect(url), _EACH)
    except (TimeoutError, OSError, websockets.WebSocketException):
        return False
    await connection.close()
    return True


async def wait(url: str, seconds: float) -> bool:
    """Ask until it answers; False when it has not after `seconds`."""
    end = time.monotonic() + seconds
    while not await answers(url):
        if time.monotonic() + _PAUSE > end:
            return False
        await asyncio.sleep(_PAUSE)
    return True


def main(words: list[str]) -> int:
    if len(words) != 2 or not all(word.isdecimal() for word in words):
        print("usage: wait-for-control-plane PORT SECONDS", file=sys.stderr)
        return 2
    port, seconds = words
    if asyncio.run(wait(f"ws://127.0.0.1:{port}", float(seconds))):
        print(f"the control plane answers on port {port}")
        return 0
    print(f"no control plane answers on port {port} after {seconds} s", file=sys.stderr)
    print(
        "hint: bake in the maker's daemon (`originals`), or start it by hand and then this unit",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
