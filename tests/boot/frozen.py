# SPDX-License-Identifier: Apache-2.0
"""A machine of the emulator, frozen into a file, from which it goes on as often as one likes.

Power cuts by the dozen are affordable that way: what every boot has in common is waited for once. The
emulator is spoken to as QEMU's machine protocol has it: lines of JSON on a socket.
"""

from __future__ import annotations

import json
import shlex
import socket
import time
from pathlib import Path
from typing import Any

_SECONDS = 120


def listening(place: Path) -> tuple[str, ...]:
    """The emulator's words for a machine that can be frozen."""
    return ("-qmp", f"unix:{place},server=on,wait=off")


def thawed(state: Path) -> tuple[str, ...]:
    """The emulator's words for a machine that goes on from `state`; all its others are as they were."""
    return ("-incoming", f"exec:cat {shlex.quote(str(state))}")


def freeze(place: Path, state: Path) -> None:
    """Write the machine's state into a file. From then on it stands still."""
    with socket.socket(socket.AF_UNIX) as here:
        here.settimeout(_SECONDS)
        here.connect(str(place))
        with here.makefile("rw", encoding="utf-8") as wire:
            wire.readline()
            _ask(wire, "qmp_capabilities")
            # It is told to hurry: by default it goes easy on a network that is not there.
            _ask(wire, "migrate-set-parameters", **{"max-bandwidth": 1 << 33})
            # It stands still when all is written. Stopped before, it would go on as one that is stopped.
            _ask(wire, "migrate", uri=f"exec:cat >{shlex.quote(str(state))}")
            limit = time.monotonic() + _SECONDS
            while (told := _ask(wire, "query-migrate"))["status"] != "completed":
                assert told["status"] != "failed" and time.monotonic() < limit, told
                time.sleep(0.5)


def _ask(wire: Any, command: str, **arguments: Any) -> Any:
    """What the emulator answers; what it tells unasked is passed over."""
    wire.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
    wire.flush()
    for line in wire:
        said = json.loads(line)
        assert "error" not in said, said
        if "return" in said:
            return said["return"]
    raise AssertionError("the emulator has hung up")
