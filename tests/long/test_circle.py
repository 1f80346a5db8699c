# SPDX-License-Identifier: Apache-2.0
"""A node goes the whole way: from the network to the system on its own card, and back from one that fails.

It boots the flasher that is published to it; `nodebake deploy` flashes its card over ssh, tries it, and lets
it boot by itself. Its power is a simulated control plane's, and each of its starts does what a Pi 3 does.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from builder.boot.netboot.head import head
from builder.boot.netboot.tools import TOOLS
from builder.head.node.inventory import Inventory, Node
from tests.boot.containers import imported
from tests.boot.network.bay import Bay, powered_by_simulator
from tests.boot.network.desk import Desk, desk
from tests.boot.network.firmware import Firmware
from tests.boot.published import LOGS
from tests.fixtures import Site
from tests.needs import needs_file, needs_root_for_nfs, needs_tool

pytestmark = [
    pytest.mark.boot,
    needs_tool("ssh", "mcopy", "fsck.fat", "zstd", *TOOLS),
    needs_file("/usr/lib/u-boot/qemu_arm64/u-boot.bin", "u-boot-qemu"),
    needs_root_for_nfs,
]
RECIPE = "moved"
NODE = Node("node09", 9, "b8:27:eb:00:00:09", "10.42.0.9", "pi3b")
CARD = 4 << 30
# An emulated card moves some six MB a second. What nobody boots by or runs here stays away from it.
LEAN = """\
delete:
  - boot/vmlinuz-*
  - boot/initrd.img-*
  - usr/lib/linux-image-*
  - usr/lib/raspi-firmware
  - usr/lib/udev/hwdb.*
  - usr/share/doc/*/changelog*
  - usr/share/locale
  - usr/share/man
"""
MOVED = """\
format: 1
summary: docker-sdcard, small
include: [docker-sdcard]
layers:
  - files: lean
outputs:
  image: {free: 128M, boot_size: 192M}
"""
# The first process ends at once, which no kernel survives. Little else differs, and is written twice.
PANICS = """\
format: 1
summary: the same, and its kernel panics
include: [moved]
layers:
  - boot: {cmdline: [rdinit=/bin/false]}
"""
UP_WITHIN = 150


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


@pytest.fixture(scope="module")
def place(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    (site.root / "overlays/lean").mkdir(exist_ok=True)
    (site.root / "overlays/lean/overlay.yaml").write_text(LEAN)
    for name, text in {RECIPE: MOVED, "panics": PANICS}.items():
        (site.root / f"recipes/{name}.yaml").write_text(text)
    for recipe in ("flasher", "panics", RECIPE):
        site.built(recipe)
    stock = Inventory("sevastopol", "10.42.0.250", ("10.42.0.0/24",), (NODE,))
    folder = tmp_path_factory.mktemp("circle")
    card, bay_folder = folder / "card.img", folder / "bay"
    bay_folder.mkdir()
    with card.open("wb") as sparse:
        sparse.truncate(CARD)
    with head(stock, folder) as here:
        LOGS[:] = [folder, bay_folder]
        operator = desk(here, site, folder / "project")
        operator.tell("publish", "flasher", NODE.name, "--here")
        here.serve()
        bay = Bay(Firmware(here, NODE, card, bay_folder))
        with powered_by_simulator(here.lan, {NODE.number: bay}):
            operator.tell("power", "on", NODE.name)
            yield Place(operator, bay)


def test_it_boots_the_flasher(place: Place, site: Site) -> None:
    assert label(site, "flasher") in place.runs
    assert [boot.source for boot in place.bay.boots] == ["network"]


def test_a_release_that_panics_is_taken_back(place: Place, site: Site) -> None:
    done = place.desk.call("deploy", "panics", NODE.name, "--here", "--force", "--up-within", str(UP_WITHIN))
    assert done.returncode == 1, done.stderr
    assert done.stdout == f"{NODE.name}  restored: {NODE.name} has not come up within {UP_WITHIN} s\n"
    tried = [boot for boot in place.bay.boots if "Kernel panic" in boot.said()]
    assert tried
    assert {boot.source for boot in place.bay.boots} == {"network"}
    assert label(site, "flasher") in place.runs


def test_it_is_moved_to_its_card(place: Place, site: Site) -> None:
    before = len(place.bay.boots)
    assert place.desk.tell("deploy", RECIPE, NODE.name, "--here", "--force") == f"{NODE.name}  done"
    assert [boot.source for boot in place.bay.boots[before:]] == ["network", "card"]
    assert label(site, RECIPE) in place.runs


def test_its_power_is_cycled_and_it_runs_a_container(place: Place) -> None:
    place.desk.tell("power", "off", NODE.name, "--here", "--force")
    assert not faults_of_boot_partition(place.bay.firmware)
    place.desk.tell("power", "on", NODE.name)
    assert place.bay.boots[-1].source == "card"
    place.desk.on(NODE.name, imported("usr/bin/dash"))
    run = "docker run --rm --network none probe /usr/bin/dash -c 'echo line-$((40 + 2))'"
    assert "line-42" in place.desk.on(NODE.name, run)


def test_a_card_that_is_held_boots_no_more(place: Place) -> None:
    place.desk.on(NODE.name, "sudo /usr/lib/nodebake/card hold")
    place.desk.tell("power", "off", NODE.name, "--here", "--force")
    assert "bootcode.bin" not in place.bay.firmware.card_files()
    assert not faults_of_boot_partition(place.bay.firmware)


def faults_of_boot_partition(firmware: Firmware) -> str:
    """What is wrong with the FAT of a card that nobody uses now; empty when a check finds nothing to mend."""
    part = firmware.folder / "boot.fat"
    with firmware.card.open("rb") as card, part.open("wb") as copy:
        card.seek(firmware.boot_start())
        copy.write(card.read(192 << 20))
    done = subprocess.run(["fsck.fat", "-n", part], capture_output=True, text=True, check=False)
    # The first line names the program, the last counts what is there.
    told = done.stdout.splitlines()
    return "" if (done.returncode, len(told)) == (0, 2) else done.stdout
