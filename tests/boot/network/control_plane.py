# SPDX-License-Identifier: Apache-2.0
"""The simulated control plane as a process: a line `NUMBER on` or `NUMBER off` for each change."""

from __future__ import annotations

import asyncio
import sys
from urllib.parse import urlsplit

from builder.host.until import told_to_end
from builder.power.simulate.faults import Faults
from builder.power.simulate.plant import Plant
from builder.power.simulate.serve import simulated


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def _run(host: str, port: int) -> None:
    plant = Plant(switched=lambda number, on: _tell(f"{number} {'on' if on else 'off'}"))
    async with simulated(plant, Faults(), host=host, port=port):
        _tell("ready")
        await told_to_end()


if __name__ == "__main__":
    url = urlsplit(sys.argv[1])
    asyncio.run(_run(str(url.hostname), int(url.port or 0)))
