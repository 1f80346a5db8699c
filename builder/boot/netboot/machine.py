# SPDX-License-Identifier: Apache-2.0
"""An emulated node that boots over the network, as its command line; and U-Boot's orders for it."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from builder.board import definition
from builder.boot.machine import EMULATOR, emulated, escaped
from builder.boot.netboot.head import Head, port
from builder.boot.netboot.uboot import FLASH, flash, orders
from builder.errors import RecipeError
from builder.head.node.inventory import Node
from builder.host.emulator import way_to_disks
from builder.netboot.config_txt import read_as

UBOOT = Path("/usr/lib/u-boot/qemu_arm64/u-boot.bin")
PACKAGE = "u-boot-qemu"
WORDS = f"{emulated('arm64')} console=ttyAMA0"
"""What its kernel is told besides."""
MEMORY = 1024
"""MiB, as a Pi 3 has."""


@dataclass(frozen=True)
class Machine:
    """The emulator's `virt` board with a network card on `port`; `start` are words for what it starts with.

    `console` is where its serial port goes: a file, or the terminal when it is None. `card` is a raw file
    that stands in for the node's SD card, a power of two in size, and is written to, by way of `aio`.
    """

    start: tuple[str, ...]
    port: str
    mac: str
    console: Path | None = None
    memory: int = MEMORY
    card: Path | None = None
    aio: str = "threads"

    def argv(self) -> tuple[str, ...]:
        """The emulator's command line."""
        console = f"file:{escaped(self.console)}" if self.console else "mon:stdio"
        monitor = ("-monitor", "none") if self.console else ()
        return (
            *(EMULATOR, "-M", "virt", "-cpu", "cortex-a53", "-smp", "2", "-m", str(self.memory)),
            *self.start,
            *("-netdev", f"tap,id=net,ifname={self.port},script=no,downscript=no"),
            *("-device", f"virtio-net-pci,netdev=net,mac={self.mac},romfile="),
            *self._slot(),
            *("-display", "none", *monitor, "-serial", console),
        )

    def _slot(self) -> tuple[str, ...]:
        if not self.card:
            return ()
        drive = f"if=none,id=card,format=raw,aio={self.aio},file={escaped(self.card)}"
        return ("-device", "sdhci-pci", "-drive", drive, "-device", "sd-card,drive=card")


def uboot(chip: Path) -> tuple[str, ...]:
    """Words that start U-Boot, whose orders are in `chip`."""
    return ("-bios", str(UBOOT), "-drive", f"if=pflash,index=1,format=raw,file={escaped(chip)}")


def prepare(head: Head, node: Node, folder: Path, console: Path | None = None) -> Machine:
    """The machine that boots what is published for `node` now; its orders are a file in `folder`."""
    place = head.boot_files(node)
    config = head.text(place / "config.txt")
    section = definition.section(node.board)
    below = head.names(place / read_as(config, section).get("os_prefix", ""))
    trees = [
        name for name in below for tree in definition.load(node.board).device_trees if fnmatch(name, tree)
    ]
    if not trees:
        raise RecipeError(f"there is no device tree of a `{node.board}` in what {node.name} boots")
    chip = folder / f"{node.name}.flash"
    with chip.open("wb") as file:
        file.write(flash(orders(config, section, trees[0], node.mac, WORDS)))
        file.truncate(FLASH)
    return Machine(uboot(chip), port(node), node.mac, console, aio=way_to_disks())
