# SPDX-License-Identifier: Apache-2.0
"""A node in its bay, the operator's desk, and releases for its card, small enough for an emulated one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from builder.boot.netboot.head import head
from builder.boot.netboot.tools import TOOLS
from builder.head.node.inventory import Inventory, Node
from tests.boot.network.bay import Bay, powered_by_simulator
from tests.boot.network.desk import Desk, desk
from tests.boot.network.firmware import Firmware
from tests.boot.published import LOGS
from tests.fixtures import Site
from tests.needs import needs_file, needs_root_for_nfs, needs_tool

NEEDS = [
    pytest.mark.boot,
    needs_tool("ssh", "mcopy", "fsck.fat", "zstd", *TOOLS),
    needs_file("/usr/lib/u-boot/qemu_arm64/u-boot.bin", "u-boot-qemu"),
    needs_root_for_nfs,
]
NODE = Node("node09", 9, "b8:27:eb:00:00:09", "10.42.0.9", "pi3b")
FLASHER = "flasher"
MOVED = "moved"
UP_WITHIN = 150
"""Seconds until a node that was started is given up."""
CARD = 4 << 30
BOOT_SIZE = 128 << 20
# An emulated card is slow. What nobody boots by or runs here stays away from it.
_LEAN = {
    "overlay.yaml": """\
delete:
  - boot/vmlinuz-*
  - boot/initrd.img-*
  - usr/bin/containerd-shim
  - usr/bin/containerd-shim-runc-v1
  - usr/bin/ctr
  - usr/lib/*/gconv
  - usr/lib/linux-image-*
  - usr/lib/modules/*/kernel/drivers/gpu
  - usr/lib/modules/*/kernel/drivers/iio
  - usr/lib/modules/*/kernel/drivers/infiniband
  - usr/lib/modules/*/kernel/drivers/media
  - usr/lib/modules/*/kernel/drivers/net/ethernet
  - usr/lib/modules/*/kernel/drivers/net/wireless
  - usr/lib/modules/*/kernel/drivers/scsi
  - usr/lib/modules/*/kernel/sound
  - usr/lib/raspi-firmware
  - usr/lib/udev/hwdb.*
  - usr/share/doc/*/changelog*
  - usr/share/locale
  - usr/share/man
""",
    "etc/initramfs-tools/conf.d/zz-lean": "MODULES=list\n",
    "etc/initramfs-tools/modules": "ext4\nmmc_block\nsdhci_pci\n",
}
_RECIPES = {
    MOVED: f"""\
format: 1
summary: docker-sdcard, small
include: [docker-sdcard]
layers:
  - files: lean
outputs:
  image: {{free: 64M, boot_size: {BOOT_SIZE >> 20}M}}
""",
    # The first process ends at once, which no kernel survives. Little else differs, and is written twice.
    # The head asks for ten seconds after a panic too, and of equal words only the first is kept.
    "panics": """\
format: 1
summary: the same, and its kernel panics
include: [moved]
layers:
  - boot: {cmdline: [rdinit=/bin/false, panic=10, panic=1]}
""",
    "mute": """\
format: 1
summary: the same, and nobody can log in
include: [moved]
layers:
  - services: {mask: [ssh.service]}
""",
}


@dataclass(frozen=True)
class Place:
    """The operator's desk, and the one node in its bay."""

    desk: Desk
    bay: Bay

    @property
    def runs(self) -> str:
        return self.desk.on(NODE.name, "cat /etc/nodebake/release")


def label(site: Site, recipe: str) -> str:
    manifest = site.manifest(recipe)
    return f"{manifest.recipe}/{manifest.version}"


@contextmanager
def place_with(site: Site, folder: Path, *recipes: str) -> Iterator[Place]:
    """The place while the body runs: the node boots the flasher, and releases of `recipes` are built."""
    for path, text in _LEAN.items():
        file = site.root / "overlays/lean" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    for name, text in _RECIPES.items():
        (site.root / f"recipes/{name}.yaml").write_text(text)
    for recipe in (FLASHER, *recipes):
        site.built(recipe)
    stock = Inventory("sevastopol", "10.42.0.250", ("10.42.0.0/24",), (NODE,))
    card, bay_folder = folder / "card.img", folder / "bay"
    bay_folder.mkdir()
    with card.open("wb") as sparse:
        sparse.truncate(CARD)
    with head(stock, folder) as here:
        LOGS[:] = [folder, bay_folder]
        operator = desk(here, site, folder / "project")
        operator.tell("publish", FLASHER, NODE.name, "--here")
        here.serve()
        bay = Bay(Firmware(here, NODE, card, bay_folder))
        with powered_by_simulator(here.lan, {NODE.number: bay}):
            operator.tell("power", "on", NODE.name)
            yield Place(operator, bay)
