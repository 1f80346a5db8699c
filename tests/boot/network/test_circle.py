# SPDX-License-Identifier: Apache-2.0
"""A node goes the whole way: from the network to the system on its own card, and back from one that fails.

It boots the flasher that is published to it; `nodebake deploy` flashes its card over ssh, tries it, and lets
it boot by itself. Its power is a simulated control plane's, and each of its starts does what a Pi 3 does.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from tests.boot.containers import imported
from tests.boot.network.circle import (
    BOOT_SIZE,
    CARD,
    FLASHER,
    MOVED,
    NEEDS,
    NODE,
    UP_WITHIN,
    Place,
    label,
    place_with,
)
from tests.boot.network.firmware import Firmware
from tests.boot.timing import FIGURES
from tests.fixtures import Site

# What each of sixty nodes fetches for its root, in bytes.
MOST_ROOT = 75_000_000
HAS_WHAT_FLASHES = f"""\
set -e
test "$(cat /sys/block/mmcblk0/size)" = {CARD // 512}
test -n "$(cat /sys/block/mmcblk0/device/cid)"
python3 -c 'import http.client, http.server, hashlib, json, zlib, tarfile, fcntl, mmap'
ssh-keygen -? 2>&1 | grep -q -- '-Y verify'
sudo sh -c 'command -v mkfs.ext4 resize2fs e2fsck sfdisk losetup blockdev'
systemctl is-system-running --wait || true
test -z "$(systemctl --failed --plain --no-legend)"
"""

pytestmark = NEEDS


@pytest.fixture(scope="module")
def place(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with place_with(site, tmp_path_factory.mktemp("circle"), "panics", MOVED) as here:
        yield here


def test_it_boots_the_flasher(place: Place, site: Site) -> None:
    assert label(site, FLASHER) in place.runs
    assert [boot.source for boot in place.bay.boots] == ["network"]
    place.desk.on(NODE.name, HAS_WHAT_FLASHES)
    # A line of it that fails is a failure.
    assert place.desk.call("run", NODE.name, "--", "set -e\nfalse\ntrue").returncode == 1


def test_the_root_of_the_flasher_is_small(site: Site) -> None:
    netboot = site.manifest(FLASHER).netboot
    assert netboot
    FIGURES["bytes of the flasher's root"] = netboot.needs
    assert netboot.needs <= MOST_ROOT


def test_a_release_that_panics_is_taken_back(place: Place, site: Site) -> None:
    done = place.desk.call("deploy", "panics", NODE.name, "--here", "--force", "--up-within", str(UP_WITHIN))
    assert done.returncode == 1, done.stderr
    # It is not waited for to the end.
    said = f"{NODE.name}  restored: {NODE.name} does not stay up: it has fetched its kernel 3 times"
    assert done.stdout.startswith(said), done.stdout + done.stderr
    tried = [boot for boot in place.bay.boots if "Kernel panic" in boot.said()]
    assert tried
    assert {boot.source for boot in place.bay.boots} == {"network"}
    assert label(site, FLASHER) in place.runs


def test_it_is_moved_to_its_card(place: Place, site: Site) -> None:
    before = len(place.bay.boots)
    assert place.desk.tell("deploy", MOVED, NODE.name, "--here", "--force") == f"{NODE.name}  done"
    assert [boot.source for boot in place.bay.boots[before:]] == ["network", "card"]
    assert label(site, MOVED) in place.runs


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
        copy.write(card.read(BOOT_SIZE))
    done = subprocess.run(["fsck.fat", "-n", part], capture_output=True, text=True, check=False)
    # The first line names the program, the last counts what is there.
    told = done.stdout.splitlines()
    return "" if (done.returncode, len(told)) == (0, 2) else done.stdout
