# SPDX-License-Identifier: Apache-2.0
"""A node with a root of its own takes a kernel upgrade; and one has boot files of another release.

The tests of the upgrade are in the order in which they run: each goes on where the former one ended.
"""

from __future__ import annotations

import base64
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from builder.boot.netboot.head import LAYOUT, Head, head
from builder.head.node.inventory import Inventory, Node
from tests.archives import newer_kernel
from tests.archives.deb import TOOLS as PACKING
from tests.archives.newer_kernel import NewerKernel
from tests.archives.signer import TOOLS as SIGNING
from tests.archives.signer import signer
from tests.boot.published import NEEDS, SSH_SECONDS, Booted, powered, until_ssh
from tests.boot.timing import BOOTS
from tests.fixtures import NODE_NUMBER, Site
from tests.needs import needs_tool

RECIPE = "minimal-netboot"
MODE = ("--set", "mode=private")
# What U-Boot says first, whenever the board starts.
START = "U-Boot 20"
SETTLED_SECONDS = 600
# Three times what was measured on two busy cores.
UPGRADE_SECONDS = 3600
ARCHIVE_PORT = 8000
KEYRING = "/usr/share/keyrings/of-the-test.gpg"

pytestmark = [*NEEDS, needs_tool(*PACKING, *SIGNING)]


def _node(number: int) -> Node:
    mac = f"b8:27:eb:00:00:{number:02x}"
    return Node(f"node{number:02d}", number, mac, f"10.42.0.{number}", "pi3b")


OURS, OTHER = _node(NODE_NUMBER), _node(NODE_NUMBER + 1)
STOCK = Inventory("sevastopol", "10.42.0.250", ("10.42.0.0/24",), (OURS, OTHER))


@dataclass(frozen=True)
class Own:
    """A head on which both nodes have roots of their own, and an archive there with a newer kernel.

    `keyring` holds the archive's key, in base64.
    """

    head: Head
    kernel: NewerKernel
    keyring: str
    site: Site

    @property
    def place(self) -> Path:
        """Our node's boot and root, on the head."""
        (name,) = (name for name in self.head.names(LAYOUT.instances / OURS.name) if name != "data")
        return LAYOUT.instance(OURS.name, name)

    def elsewhere(self) -> str:
        """All that the head holds but our node's own boot and root: names, owners, dates and hashes."""
        script = (
            "find . -path ./instances/$1 -prune -o -printf '%p %M %U %G %s %T@ %l\\n' | sort;"
            "find . -path ./instances/$1 -prune -o -type f -print0 | sort -z | xargs -0 sha256sum"
        )
        inner = str(self.place.relative_to(LAYOUT.instances))
        return self.head.lan.run("sh", "-eu", "-c", f"cd {LAYOUT.pxe}; {script}", "sh", inner)


@pytest.fixture(scope="module")
def own(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Own]:
    folder = tmp_path_factory.mktemp("netboot-private")
    archive = folder / "archive"
    with signer() as keys:
        keys.make_key("archive of a test")
        kernel = newer_kernel.write(archive, folder / "work", keys)
        keyring = base64.b64encode(keys.keyring.read_bytes()).decode()
    with head(STOCK, folder) as here:
        here.publish(Path(site.built(RECIPE, *MODE)["manifest"]).parent)
        here.serve()
        at = ("--bind", here.inventory.address, "--directory", archive, str(ARCHIVE_PORT))
        here.lan.start("archive", sys.executable, "-m", "http.server", *at)
        yield Own(here, kernel, keyring, site)


@pytest.fixture(scope="module")
def node(own: Own) -> Iterator[Booted]:
    """Our node, up and settled."""
    with powered(own.head, OURS, "private") as guest:
        booted = until_ssh(own.head, OURS, guest, own.site.key)
        BOOTS[f"{RECIPE} published, private, answers ssh"] = guest.seconds()
        booted.login.tell("systemctl is-system-running --wait || true", seconds=SETTLED_SECONDS)
        yield booted


def test_it_boots_and_nothing_failed(own: Own, node: Booted) -> None:
    assert node.login.tell("uname -n -r").split() == [OURS.name, own.kernel.before]
    assert node.login.tell("findmnt --noheadings --output FSTYPE /") == "nfs"
    assert not node.login.tell("systemctl --failed --plain --no-legend")


def test_a_full_upgrade_brings_a_kernel_and_touches_nobody_elses_files(own: Own, node: Booted) -> None:
    address = f"http://{own.head.inventory.address}:{ARCHIVE_PORT}"
    source = f"deb [signed-by={KEYRING}] {address} {newer_kernel.SUITE} main"
    before = own.elsewhere()
    tell = node.login.tell
    tell("echo mine | sudo tee /etc/mine")
    # What it upgrades from lies on the head.
    tell("sudo rm /etc/apt/sources.list.d/*")
    tell(f"echo '{source}' | sudo tee /etc/apt/sources.list.d/test.list")
    tell(f"echo {own.keyring} | base64 --decode | sudo tee {KEYRING} | wc -c")
    tell("sudo apt-get update", seconds=SETTLED_SECONDS)
    started = node.guest.seconds()
    tell("sudo DEBIAN_FRONTEND=noninteractive apt-get --yes full-upgrade", seconds=UPGRADE_SECONDS)
    BOOTS[f"{RECIPE} private, full-upgrade with a kernel takes"] = node.guest.seconds() - started
    assert own.elsewhere() == before
    # It is what it ran already, until it starts again.
    assert tell("uname -r") == own.kernel.before
    written = own.head.text(own.place / "boot/config.txt")
    assert f"kernel=vmlinuz-{own.kernel.after}\n" in written
    assert "os_prefix" not in written
    tell("sudo systemctl poweroff || true")


def test_it_boots_again_by_what_the_upgrade_has_written(own: Own, node: Booted) -> None:
    node.guest.process.wait(SETTLED_SECONDS)
    with powered(own.head, OURS, "upgraded") as guest:
        booted = until_ssh(own.head, OURS, guest, own.site.key)
        BOOTS[f"{RECIPE} private, upgraded, answers ssh"] = guest.seconds()
        booted.login.tell("systemctl is-system-running --wait || true", seconds=SETTLED_SECONDS)
        assert booted.login.tell("uname -n -r").split() == [OURS.name, own.kernel.after]
        assert booted.login.tell("cat /etc/mine") == "mine"
        assert not booted.login.tell("systemctl --failed --plain --no-legend")


def test_drift_shows_the_upgrade_of_this_node_alone(own: Own) -> None:
    drift = own.head.call("drift")
    assert drift[OTHER.name] == []
    moved = {each["path"]: each["how"] for each in drift[OURS.name]}
    assert moved["etc/mine"] == "added"
    assert moved["boot/config.txt"] == "changed"
    assert moved[f"boot/vmlinuz-{own.kernel.after}"] == "added"
    assert moved[f"boot/initrd.img-{own.kernel.after}"] == "added"
    assert moved[f"usr/lib/modules/{own.kernel.after}"] == "added"


def test_publish_says_what_it_would_lose_and_keeps_it(own: Own) -> None:
    kept = own.place
    shared = Path(own.site.built(RECIPE)["manifest"]).parent
    (warning,) = own.head.publish(shared, "--nodes", OURS.name)
    assert warning.startswith(f"{OURS.name} has moved from {RECIPE}/")
    assert warning.endswith(f"it starts anew, {kept.name} is kept for rollback")
    own.head.call("rollback", "--nodes", OURS.name)
    assert own.head.text(own.head.boot_files(OURS) / "config.txt") == own.head.text(kept / "boot/config.txt")
    assert own.head.text(kept / "root/etc/mine") == "mine\n"


def test_boot_files_of_another_release_are_told_and_begin_anew(own: Own) -> None:
    """As when a switch has come between two requests: it says so, and the board starts again."""
    prefix = own.site.manifest(RECIPE, *MODE).version
    cmdline = own.head.boot_files(OTHER) / prefix / "cmdline.txt"
    words = own.head.text(cmdline)
    other = words.replace(f"nodebake.release={RECIPE}/{prefix}", f"nodebake.release={RECIPE}/other")
    assert other != words
    own.head.lan.write(cmdline, other)
    with powered(own.head, OTHER, "other") as guest:
        told = f"the boot files are of {RECIPE}/other, the root is of {RECIPE}/{prefix}"
        guest.until(lambda: told in guest.serial(), "word of the other release", seconds=SSH_SECONDS)
        again = guest.seconds() + SSH_SECONDS
        guest.until(lambda: guest.serial().count(START) == 2, "second start", seconds=again)
