# SPDX-License-Identifier: Apache-2.0
"""Run inside a mount namespace of its own: publish on a disk of 3 MB that is nearly full.

Says as JSON what became of it: exit codes, errors, and what the nodes boot after each.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.head.ground import make_ground, node
from tests.head.release import Tiny

FIRST = Tiny()
SECOND = Tiny(version="20260201-bbbbbbbb", epoch=1769904000)
PRIVATE = Tiny(version="20260301-cccccccc", epoch=1772323200, mode="private")


def story(folder: Path) -> list[object]:
    """Each publish: its code, its message, what the nodes boot, how much is half made."""
    ground = make_ground(folder / "head")
    for each in (FIRST, SECOND, PRIVATE):
        ground.made(each)
    disk = ground.layout.pxe
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", disk], check=True)
    told: list[object] = []
    ballast = disk / "nodes/node01/ballast"

    def publish(tiny: Tiny) -> None:
        ended = ground.call("publish", ground.made(tiny), "--inventory", ground.nodes, "--nfs", "kernel")
        message = ended.error["message"] if ended.code else ""
        pairs = [ground.whole(node(number)) for number in (1, 2)]
        half = [path.name for path in disk.rglob(".*") if path.name.endswith(".making")]
        told.append([ended.code, message.replace(str(folder), ""), pairs, half])

    publish(FIRST)
    # Room for parts of a release, and not for all of it.
    for left in (8, 20, 200):
        fill(ballast, left << 10)
        publish(PRIVATE if left == 200 else SECOND)
    ballast.unlink()
    publish(SECOND)
    return told


def fill(ballast: Path, left: int) -> None:
    """Write until `left` bytes are free."""
    ballast.unlink(missing_ok=True)
    free = subprocess.run(
        ["stat", "--file-system", "--format=%a %S", ballast.parent],
        capture_output=True,
        text=True,
        check=True,
    )
    blocks, size = map(int, free.stdout.split())
    ballast.write_bytes(b"x" * (blocks * size - left))


if __name__ == "__main__":
    print(json.dumps(story(Path(sys.argv[1]))))
