# SPDX-License-Identifier: Apache-2.0
"""What booting over a network of one's own needs of this machine, and the packages that hold it."""

from __future__ import annotations

import os

from builder.boot.machine import EMULATOR
from builder.boot.netboot import head, machine
from builder.errors import LackingError
from builder.host import lan
from builder.host.process import find

TOOLS = {EMULATOR: "qemu-system-arm", **lan.TOOLS, **head.TOOLS}


def require_tools() -> None:
    """Raises LackingError that names all that is missing, or who must run this."""
    if os.geteuid() != 0:
        raise LackingError(
            "booting over a network needs root",
            facts=[
                "its NFS server opens files by handles, which the kernel leaves to the machine's own root"
            ],
            hint="run the same with `sudo`; `nodebake boot` of an image needs none",
        )
    missing = {name: package for name, package in TOOLS.items() if find(name) is None}
    if not machine.UBOOT.exists():
        missing[str(machine.UBOOT)] = machine.PACKAGE
    if missing:
        names = ", ".join(f"`{name}`" for name in missing)
        raise LackingError(
            f"booting over a network needs {names}",
            hint=f"apt-get install --no-install-recommends {' '.join(dict.fromkeys(missing.values()))}",
        )
