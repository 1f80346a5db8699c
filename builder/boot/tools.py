# SPDX-License-Identifier: Apache-2.0
"""The programs that booting needs of this machine, and the packages that hold them."""

from __future__ import annotations

from builder.boot.machine import EMULATOR
from builder.errors import LackingError
from builder.host.process import find

TOOLS = {EMULATOR: "qemu-system-arm", "qemu-img": "qemu-utils", "mcopy": "mtools"}


def require_tools() -> None:
    """Raises LackingError that names all that is missing."""
    missing = [name for name in TOOLS if find(name) is None]
    if missing:
        names = ", ".join(f"`{name}`" for name in missing)
        raise LackingError(
            f"the emulator needs {names}",
            hint=f"apt-get install --no-install-recommends {' '.join(TOOLS[name] for name in missing)}",
        )
