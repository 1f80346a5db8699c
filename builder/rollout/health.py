# SPDX-License-Identifier: Apache-2.0
"""Whether a node does what nodes are for, by what it tells of itself: `health.sh`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SCRIPT = Path(__file__).with_name("health.sh")
_WORDS = ("release", "root", "boot", "state", "failed", "led", "docker")


@dataclass(frozen=True)
class Health:
    """What a node told, by its words; a word that is missing is empty.

    `boot` is `trial` when kernel and initramfs came over the network, else `own`; `led` and `docker` are
    `none` where the system has no such thing.
    """

    release: str = ""
    root: str = ""
    boot: str = ""
    state: str = ""
    failed: str = ""
    led: str = ""
    docker: str = ""

    def faults(self, release: str) -> Iterator[str]:
        """What is wrong with it as a node of `release`, one sentence a fault."""
        if self.release != release:
            yield f"it runs {self.release or 'nobody knows what'}, and not {release}"
        if not self.root.startswith("/dev/mmcblk"):
            yield f"its root is {self.root or 'nowhere'}, and not on its card"
        if self.failed:
            yield f"failed: {', '.join(self.failed.split())}"
        elif self.state not in ("running", "degraded"):
            yield f"it is `{self.state or 'silent'}`, and not up"
        if self.led not in ("active", "none"):
            yield f"its LED's unit is {self.led or 'not to be asked'}"
        if self.docker not in ("runs", "none"):
            yield f"docker runs no container: {self.docker or 'nothing was told'}"


def read(told: str) -> Health:
    """From the script's lines; what is none of its words is passed over."""
    rows = (line.partition(" ")[::2] for line in told.splitlines())
    return Health(**{word: value.strip() for word, value in rows if word in _WORDS})
