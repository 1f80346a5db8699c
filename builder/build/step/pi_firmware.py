# SPDX-License-Identifier: Apache-2.0
"""How Raspberry Pi OS and Raspbian fill /boot/firmware.

Their package raspi-firmware copies firmware, kernels (kernel.img, kernel7.img, kernel8.img,
kernel_2712.img), initramfs and device trees, and leaves config.txt and cmdline.txt to whoever makes the
image. No upgrade on the node writes those, so they hold what is wanted as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from builder.build.bench import Bench
from builder.build.step.config_txt import config_txt

_HOOK = "/etc/kernel/postinst.d/z50-raspi-firmware"
# `resize` is not among them, nor a script of the first boot: ours is a unit of the tree.
_CMDLINE = ("rootfstype=ext4", "fsck.repair=yes", "rootwait")


def settle(inputs: Mapping[str, Any], tree: Path) -> None:
    """Write config.txt and cmdline.txt."""
    folder = tree / "boot/firmware"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.txt").write_text(config_txt(inputs["config"]))
    consoles = (f"console={name}" for name in inputs["consoles"])
    words = [*consoles, f"root={inputs['root']}", *_CMDLINE, *inputs["cmdline"]]
    (folder / "cmdline.txt").write_text(" ".join(words) + "\n")


def fill(bench: Bench, kernels: Sequence[str]) -> None:
    """Have the hook copy each kernel; its initramfs was copied when it was made.

    The kernels' own scripts have done so already, where this package was there before them.
    """
    for kernel in kernels:
        argv = ["/bin/sh", _HOOK, kernel, f"/boot/vmlinuz-{kernel}"]
        bench.in_tree(argv, env={"DEB_MAINT_PARAMS": "configure"})
