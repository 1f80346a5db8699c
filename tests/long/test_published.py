# SPDX-License-Identifier: Apache-2.0
"""A node boots a root of its own that was published to it; and one has boot files of another release."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from builder.boot.netboot.head import LAYOUT, Head, head
from builder.boot.netboot.tools import TOOLS
from builder.head.inventory import Inventory, Node
from tests.boot import stranger
from tests.boot.published import SSH_SECONDS, powered, until_ssh
from tests.boot.timing import BOOTS
from tests.fixtures import NODE_NUMBER, Site
from tests.needs import needs_file, needs_root_for_nfs, needs_tool

RECIPE = "minimal-netboot"
MODE = ("--set", "mode=private")
# What U-Boot says first, whenever the board starts.
START = "U-Boot 20"

pytestmark = [
    pytest.mark.boot,
    needs_tool("ssh", *TOOLS, *stranger.TOOLS),
    needs_file("/usr/lib/u-boot/qemu_arm64/u-boot.bin", "u-boot-qemu"),
    needs_root_for_nfs,
]


def _node(number: int) -> Node:
    mac = f"b8:27:eb:00:00:{number:02x}"
    return Node(f"node{number:02d}", number, mac, f"10.42.0.{number}", "pi3b")


OURS, OTHER = _node(NODE_NUMBER), _node(NODE_NUMBER + 1)


@pytest.fixture
def published(site: Site, tmp_path: Path) -> Iterator[Head]:
    """A head on which one of two nodes has a root of its own."""
    stock = Inventory("sevastopol", "10.42.0.250", ("10.42.0.0/24",), (OURS, OTHER))
    with head(stock, tmp_path) as here:
        here.publish(Path(site.built(RECIPE, *MODE)["manifest"]).parent, "--nodes", OURS.name)
        here.serve()
        yield here


def test_a_private_root_boots_and_is_its_own(published: Head, site: Site) -> None:
    with powered(published, OURS, "private") as guest:
        node = until_ssh(published, OURS, guest, site.key)
        BOOTS[f"{RECIPE} published, private, answers ssh"] = guest.seconds()
        assert node.login.tell("uname -n") == OURS.name
        assert node.login.tell("findmnt --noheadings --output FSTYPE /") == "nfs"
        node.login.tell("echo mine | sudo tee /etc/mine; sudo sync")
        (instance,) = (name for name in published.names(LAYOUT.instances / OURS.name) if name != "data")
        root = LAYOUT.instance(OURS.name, instance) / "root"
        assert published.text(root / "etc/mine") == "mine\n"
        # Its boot directory is there for a kernel upgrade.
        assert "config.txt" in node.login.tell("sudo ls /boot/firmware").split()
        with stranger.stranger(published.lan, OTHER, published.inventory.address) as client:
            assert client.lists(LAYOUT.releases).returncode == 0
            for folder in (root, root.parent / "boot", root.parent):
                assert client.lists(folder).returncode != 0


def test_boot_files_of_another_release_are_told_and_begin_anew(published: Head, site: Site) -> None:
    """As when a switch has come between two requests: it says so, and the board starts again."""
    prefix = site.manifest(RECIPE, *MODE).version
    words = published.text(published.boot_files(OURS) / prefix / "cmdline.txt")
    other = words.replace(f"nodebake.release={RECIPE}/{prefix}", f"nodebake.release={RECIPE}/other")
    assert other != words
    published.lan.write(published.boot_files(OURS) / prefix / "cmdline.txt", other)
    with powered(published, OURS, "other") as guest:
        told = f"the boot files are of {RECIPE}/other, the root is of {RECIPE}/{prefix}"
        guest.until(lambda: told in guest.serial(), "word of the other release", seconds=SSH_SECONDS)
        again = guest.seconds() + SSH_SECONDS
        guest.until(lambda: guest.serial().count(START) == 2, "second start", seconds=again)
