# SPDX-License-Identifier: Apache-2.0
"""Where a node that boots over the network may write: on the head or on a card, and what of it persists.

The two that write to memory alone are booted by tests/boot/network/test_netboot.py.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from builder.boot.netboot.head import head
from builder.head.node.identity import CONTENT
from builder.head.node.inventory import Inventory, Node
from tests.boot.published import NEEDS, SSH_SECONDS, Booted, powered, until_ssh
from tests.boot.timing import BOOTS
from tests.fixtures import NODE_NUMBER, Site
from tests.needs import needs_tool

pytestmark = [*NEEDS, needs_tool("mke2fs")]

RECIPE = "minimal-netboot"
LASTING = "/var/lib/simulation"
KINDS = [(mode, writable) for mode in ("shared", "ram") for writable in ("loop", "card")]
SETTLED_SECONDS = 600
OURS = Node(f"node{NODE_NUMBER:02d}", NODE_NUMBER, "b8:27:eb:00:00:07", f"10.42.0.{NODE_NUMBER}", "pi3b")
STOCK = Inventory("sevastopol", "10.42.0.250", ("10.42.0.0/24",), (OURS,))


@dataclass(frozen=True)
class Up:
    """A node that has booted, and the disk that it writes to, as the kernel calls it."""

    node: Booted
    disk: str


@pytest.fixture(scope="module", params=KINDS, ids=["-".join(kind) for kind in KINDS])
def up(request: pytest.FixtureRequest, site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    mode, writable = request.param
    words = ("--set", f"mode={mode}", "--set", f"writable={writable}")
    release = Path(site.built(RECIPE, *words, "--set", f"persist={LASTING[1:]}")["manifest"]).parent
    folder = tmp_path_factory.mktemp(f"netboot-{mode}-{writable}")
    card = make_card(folder / "card.img") if writable == "card" else None
    with head(STOCK, folder) as here:
        here.publish(release)
        here.serve()
        with powered(here, OURS, "node", card) as guest:
            node = until_ssh(here, OURS, guest, site.key)
            BOOTS[f"{RECIPE} published, {mode}, {writable}, answers ssh"] = guest.seconds()
            node.login.tell("systemctl is-system-running --wait || true", seconds=SETTLED_SECONDS)
            yield Up(node, "/dev/mmcblk0" if card else "/dev/loop")


def make_card(path: Path) -> Path:
    with path.open("wb") as file:
        file.truncate(1 << 30)
    subprocess.run(["mke2fs", "-q", "-t", "ext4", "-L", "nodebake-data", path], check=True)
    return path


def test_nothing_failed(up: Up) -> None:
    assert not up.node.login.tell("systemctl --failed --plain --no-legend")


def test_nothing_of_what_it_is_made_of_shows(up: Up) -> None:
    asked = "--types overlay,ext4,squashfs,nfs --output TARGET,FSTYPE,SOURCE"
    shown = up.node.login.tell(f"findmnt --noheadings --raw {asked}").splitlines()
    mounts = {row.split()[0]: row.split()[1:] for row in shown}
    assert mounts.keys() == {"/", LASTING, CONTENT}
    assert mounts["/"][0] == "overlay"
    assert mounts[LASTING][0] == "ext4"
    assert mounts[LASTING][1].startswith(up.disk)


def test_what_persists_is_what_the_recipe_says(up: Up) -> None:
    login, guest = up.node.login, up.node.guest
    login.tell(f"echo kept | sudo tee /etc/written {LASTING}/written")
    before = login.tell("cat /proc/sys/kernel/random/boot_id")
    login.ssh("sudo systemctl reboot")
    guest.until(
        lambda: login.ssh("cat /proc/sys/kernel/random/boot_id").stdout.strip() not in ("", before),
        "second boot",
        seconds=guest.seconds() + SSH_SECONDS,
    )
    assert login.tell(f"cat {LASTING}/written") == "kept"
    assert login.ssh("cat /etc/written").returncode != 0
    # The root lies on the disk until the end, so its journal is what makes it whole, without a person.
    checked = login.tell("sudo dmesg | grep 'nodebake-data: '").splitlines()
    assert "nodebake-data: clean" in checked[-1]
    assert not [line for line in checked if "INCONSISTENCY" in line]
