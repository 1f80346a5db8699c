# SPDX-License-Identifier: Apache-2.0
"""On which board the flasher runs, and what tells this one from all others."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from builder.errors import RefusedError
from builder.flash.agent import machine
from builder.flash.agent.release import Release

_BOARDS = {
    "raspberrypi,2-model-b": "pi2b",
    "raspberrypi,3-model-b": "pi3b",
    "raspberrypi,3-model-b-plus": "pi3bplus",
    "raspberrypi,4-model-b": "pi4",
    "raspberrypi,5-model-b": "pi5",
    "raspberrypi,model-zero-w": "pizerow",
    "raspberrypi,model-zero-2-w": "pizero2w",
}
"""By what the device tree calls it; the recipes' word for it."""


@dataclass(frozen=True)
class Place:
    """`serial` of the board, `mac` of its network, `cid` of the card; empty where it is not told."""

    serial: str
    mac: str
    cid: str


def here(device: str, root: Path = Path("/")) -> Place:
    """Where the card is."""
    name = Path(device).resolve().name
    network = sorted(each for each in root.glob("sys/class/net/*") if (each / "device").exists())
    return Place(
        serial=machine.told(root / "sys/firmware/devicetree/base/serial-number"),
        mac=machine.told(network[0] / "address") if network else "",
        cid=machine.told(root / f"sys/block/{name}/device/cid"),
    )


def check(release: Release, board: str, root: Path = Path("/")) -> None:
    """Raise RefusedError when the release is not for `board`, or the flasher runs on another one."""
    if board not in release.boards:
        raise RefusedError(
            f"`{release.label}` does not run on `{board}`",
            facts=[f"it is for {', '.join(release.boards)}"],
            hint="name a recipe for this board, or correct `board` in cluster.yaml",
        )
    names = machine.told(root / "sys/firmware/devicetree/base/compatible").split("\0")
    found = next((_BOARDS[name] for name in names if name in _BOARDS), board)
    if found != board:
        raise RefusedError(
            f"this is a `{found}` and no `{board}`", hint="correct `board` in cluster.yaml, or the node's MAC"
        )
