# SPDX-License-Identifier: Apache-2.0
"""The system from which nodes are flashed: small, in memory, and it sees the node's card."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from builder.boot.netboot.head import Head, head
from builder.head.node.inventory import Inventory, Node
from tests.boot.published import NEEDS, Booted, powered, until_ssh
from tests.boot.timing import BOOTS, FIGURES
from tests.fixtures import Site

CARD = 4 << 30
# What each of sixty nodes fetches for its root, in bytes.
MOST_ROOT = 75_000_000

pytestmark = NEEDS
NODE = Node("node08", 8, "b8:27:eb:00:00:08", "10.42.0.8", "pi3b")


@pytest.fixture(scope="module")
def published(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Head]:
    stock = Inventory("sevastopol", "10.42.0.250", ("10.42.0.0/24",), (NODE,))
    with head(stock, tmp_path_factory.mktemp("flasher")) as here:
        here.publish(Path(site.built("flasher")["manifest"]).parent)
        here.serve()
        yield here


@pytest.fixture(scope="module")
def node(published: Head, site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Booted]:
    card = tmp_path_factory.mktemp("card") / "card.img"
    with card.open("wb") as sparse:
        sparse.truncate(CARD)
    with powered(published, NODE, "booted", card) as guest:
        booted = until_ssh(published, NODE, guest, site.key)
        BOOTS["flasher published, answers ssh"] = guest.seconds()
        yield booted


def test_its_root_is_small(site: Site) -> None:
    netboot = site.manifest("flasher").netboot
    assert netboot
    FIGURES["bytes of the flasher's root"] = netboot.needs
    assert netboot.needs <= MOST_ROOT


def test_it_sees_the_card(node: Booted) -> None:
    assert node.login.tell("cat /sys/block/mmcblk0/size") == str(CARD // 512)
    assert node.login.tell("cat /sys/block/mmcblk0/device/cid")


def test_it_has_what_flashes(node: Booted) -> None:
    node.login.tell("python3 -c 'import http.client, http.server, hashlib, json, zlib, tarfile, fcntl, mmap'")
    node.login.tell("ssh-keygen -? 2>&1 | grep -q -- '-Y verify'")
    node.login.tell("sudo sh -c 'command -v mkfs.ext4 resize2fs e2fsck sfdisk losetup blockdev'")


def test_nothing_failed(node: Booted) -> None:
    node.login.tell("systemctl is-system-running --wait || true", seconds=300)
    assert not node.login.tell("systemctl --failed --plain --no-legend")
