# SPDX-License-Identifier: Apache-2.0
"""Which kernel and initramfs the firmware would load, read from config.txt; pure."""

from __future__ import annotations

from dataclasses import dataclass

from builder.errors import NodebakeError


@dataclass(frozen=True)
class Loaded:
    """Names of files in the boot partition."""

    kernel: str
    initrd: str


def loaded(config: str, kernel: str) -> Loaded:
    """What config.txt names for all boards; sections for single ones are passed over.

    `kernel=NAME` and `initramfs NAME [address]`; the last one wins, as in the firmware. Where it says
    `auto_initramfs=1` and names none, that is `kernel`, the name by which the firmware looks for one of the
    board, and the initramfs beside it. Raises NodebakeError when one is missing.
    """
    named: dict[str, str] = {}
    for_all = True
    for line in config.splitlines():
        text = line.partition("#")[0].strip()
        if text.startswith("["):
            for_all = text == "[all]"
        elif for_all:
            key, *words = text.replace("=", " ", 1).split()[:2] or [""]
            if key in ("kernel", "initramfs", "auto_initramfs") and words:
                named[key] = words[0]
    if named.get("auto_initramfs") == "1" and "kernel" not in named:
        suffix = kernel.removeprefix("kernel").removesuffix(".img")
        return Loaded(kernel, f"initramfs{suffix}")
    missing = [f"there is no `{key}` for all boards" for key in ("kernel", "initramfs") if key not in named]
    if missing:
        raise NodebakeError("the image's config.txt does not name what to boot", facts=missing)
    return Loaded(named["kernel"], named["initramfs"])
