# SPDX-License-Identifier: Apache-2.0
"""A node boots what is published to it: DHCP, TFTP as config.txt and cmdline.txt say, root over NFS, to ssh.

The head has published two releases one after the other. The node boots the present one, of mode shared; after
a rollback it boots the former one, of mode ram; and then one with a root of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from builder.boot.netboot.head import LAYOUT, Head, head
from builder.head.node.identity import CONTENT
from builder.head.node.inventory import Inventory, Node
from builder.release.manifest import Manifest
from tests.boot import stranger
from tests.boot.published import NEEDS, Booted, powered, until_ssh
from tests.boot.timing import BOOTS, FIGURES
from tests.fixtures import NODE_NUMBER, Site
from tests.needs import needs_tool

RECIPE = "minimal-netboot"
FORMER = ("--set", "mode=ram")
OWN = ("--set", "mode=private")
SETTLED_SECONDS = 300
# What a node may pull from power-on to ssh, and what it is to have left of 1 GB, in bytes.
MOST_TFTP = 25_000_000
MOST_NFS = 80_000_000
LEAST_LEFT = 750_000_000

pytestmark = [*NEEDS, needs_tool(*stranger.TOOLS)]


def _node(number: int) -> Node:
    mac = f"b8:27:eb:00:00:{number:02x}"
    return Node(f"node{number:02d}", number, mac, f"10.42.0.{number}", "pi3b", f"{number:08x}")


OURS, OTHER = _node(NODE_NUMBER), _node(NODE_NUMBER + 1)


@pytest.fixture(scope="module")
def published(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Head]:
    """A head that serves both nodes."""
    stock = Inventory("sevastopol", "10.42.0.250", ("10.42.0.0/24",), (OURS, OTHER))
    releases = [Path(site.built(RECIPE, *words)["manifest"]).parent for words in (FORMER, ())]
    with head(stock, tmp_path_factory.mktemp("netboot")) as here:
        for release in releases:
            here.publish(release)
        here.serve()
        yield here


@pytest.fixture(scope="module")
def node(published: Head, site: Site) -> Iterator[Booted]:
    """The node, up and settled."""
    with powered(published, OURS, "shared") as guest:
        booted = until_ssh(published, OURS, guest, site.key)
        BOOTS[f"{RECIPE} published, shared, answers ssh"] = guest.seconds()
        booted.login.tell("systemctl is-system-running --wait || true", seconds=SETTLED_SECONDS)
        yield booted


def test_it_boots_the_present_release(node: Booted, site: Site) -> None:
    assert node.login.tell("cat /etc/nodebake/release") == _label(site.manifest(RECIPE))
    words = node.login.tell("cat /proc/cmdline").split()
    told = node.head.text(node.head.boot_files(OURS) / site.manifest(RECIPE).version / "cmdline.txt")
    assert words[: len(told.split())] == told.split()


def test_it_is_this_node(node: Booted) -> None:
    """That one can log in at all says that its host key is the one of `nodebake head hosts`."""
    identity = LAYOUT.identities / OURS.name
    assert node.login.tell("uname -n") == OURS.name
    assert f"{node.login.tell('cat /etc/machine-id')}\n" == node.head.text(identity / "etc/machine-id")
    assert node.login.tell("ls /etc/ssh").split().count("ssh_host_ed25519_key") == 1
    assert "ssh_host_rsa_key" not in node.login.tell("ls /etc/ssh")


def test_nothing_failed(node: Booted) -> None:
    assert not node.login.tell("systemctl --failed --plain --no-legend")


def test_nothing_is_made_at_boot_that_was_made_when_baking(node: Booted) -> None:
    """Of a root that forgets it would be made at each boot."""
    units = "ldconfig systemd-journal-catalog-update systemd-sysusers systemd-update-done"
    said = node.login.tell(f"systemctl show --property ConditionResult --value {units}")
    assert said.split() == ["no"] * len(units.split())


def test_its_content_folder_is_the_heads(node: Booted) -> None:
    node.login.tell(f"echo result | sudo tee {CONTENT}/result")
    assert node.head.text(LAYOUT.contents / OURS.name / "result") == "result\n"


def test_what_it_fetched_is_what_a_board_fetches(node: Booted, site: Site) -> None:
    """By dnsmasq's log, all of it below the node's own directory."""
    log = (node.head.lan.logs / "dnsmasq.log").read_text()
    sent = re.findall(rf"sent (\S+) to {re.escape(OURS.address)}$", log, re.MULTILINE)
    top = LAYOUT.switch(OURS.mac)
    names = {str(Path(path).relative_to(top)) for path in sent}
    manifest = site.manifest(RECIPE)
    assert manifest.netboot
    board = next(board for board in manifest.netboot.boards if board.name == OURS.board)
    inner = (board.kernel, board.initramfs, "cmdline.txt", *board.device_trees)
    assert names == {
        *("bootcode.bin", "config.txt", board.start, board.fixup),
        *(f"{manifest.netboot.prefix}{name}" for name in inner),
    }


def test_it_pulls_little(node: Booted) -> None:
    FIGURES["bytes by TFTP from power-on to ssh, shared"] = node.tftp
    FIGURES["bytes by NFS from power-on to ssh, shared"] = node.nfs
    assert 15_000_000 < node.tftp <= MOST_TFTP
    assert 10_000_000 < node.nfs <= MOST_NFS


def test_the_memory_is_left_to_others(node: Booted) -> None:
    match = re.search(r"MemAvailable: +(\d+) kB", node.login.tell("cat /proc/meminfo"))
    assert match
    FIGURES["MemAvailable of an idle shared node"] = int(match[1]) * 1024
    assert int(match[1]) * 1024 >= LEAST_LEFT


def test_another_client_sees_nothing_of_it(node: Booted) -> None:
    with stranger.stranger(node.head.lan, OTHER, node.head.inventory.address) as client:
        # It gets what is its own, and what is everybody's: so it asks rightly.
        for allowed in (LAYOUT.identities / OTHER.name, LAYOUT.contents / OTHER.name, LAYOUT.releases):
            listed = client.lists(allowed)
            assert listed.returncode == 0, listed.stdout + listed.stderr
        assert "etc" in client.lists(LAYOUT.identities / OTHER.name).stdout
        for folder in (
            *(LAYOUT.identities / OURS.name, LAYOUT.identities, LAYOUT.identities / OURS.name / "etc/ssh"),
            *(LAYOUT.contents / OURS.name, LAYOUT.instances / OURS.name, LAYOUT.state, LAYOUT.pxe),
        ):
            refused = client.lists(folder)
            assert refused.returncode != 0, f"{folder}: {refused.stdout}"
            assert "ssh_host" not in refused.stdout


def test_it_outlives_a_new_start_of_the_nfs_server(node: Booted) -> None:
    """What it has not read yet comes as soon as the server is back; what it writes arrives."""
    before = node.login.tell("cat /proc/sys/kernel/random/boot_id")
    node.head.serve_files()
    node.login.tell("sudo sh -c 'echo 3 >/proc/sys/vm/drop_caches'")
    node.login.tell("sudo cat /usr/lib/systemd/systemd /usr/bin/perl | wc -c", seconds=300)
    node.login.tell(f"echo again | sudo tee {CONTENT}/again", seconds=300)
    assert node.head.text(LAYOUT.contents / OURS.name / "again") == "again\n"
    assert node.login.tell("cat /proc/sys/kernel/random/boot_id") == before


def test_after_a_rollback_it_boots_the_former_release(node: Booted, published: Head, site: Site) -> None:
    """Which holds its root in memory, and needs the head no longer."""
    node.guest.process.kill()
    former = site.manifest(RECIPE, *FORMER)
    assert published.call("rollback", "--nodes", OURS.name) == [
        {"node": OURS.name, "release": _label(former)},
    ]
    with powered(published, OURS, "ram") as guest:
        booted = until_ssh(published, OURS, guest, site.key)
        BOOTS[f"{RECIPE} published, ram, answers ssh"] = guest.seconds()
        assert booted.login.tell("cat /etc/nodebake/release") == _label(former)
        assert "nodebake.mode=ram" in booted.login.tell("cat /proc/cmdline").split()
        assert booted.login.tell("uname -n") == OURS.name
        assert former.netboot
        assert former.netboot.needs < booted.nfs < 1.2 * former.netboot.needs


def test_a_root_of_its_own_is_written_to_and_nobody_elses(published: Head, site: Site) -> None:
    own = site.manifest(RECIPE, *OWN)
    published.publish(Path(site.built(RECIPE, *OWN)["manifest"]).parent, "--nodes", OURS.name)
    # As a head's own server does when its exports have changed.
    published.serve_files()
    place = LAYOUT.instance(OURS.name, f"{RECIPE}-{own.version}")
    with powered(published, OURS, "private") as guest:
        booted = until_ssh(published, OURS, guest, site.key)
        BOOTS[f"{RECIPE} published, private, answers ssh"] = guest.seconds()
        booted.login.tell("systemctl is-system-running --wait || true", seconds=SETTLED_SECONDS)
        assert not booted.login.tell("systemctl --failed --plain --no-legend")
        booted.login.tell("echo mine | sudo tee /etc/mine /boot/firmware/mine")
        for path in ("root/etc/mine", "boot/mine"):
            assert published.text(place / path) == "mine\n"
        with stranger.stranger(published.lan, OTHER, published.inventory.address) as client:
            assert client.lists(LAYOUT.identities / OTHER.name).returncode == 0
            for folder in (place, place / "root", place / "boot"):
                assert client.lists(folder).returncode != 0


def _label(manifest: Manifest) -> str:
    return f"{manifest.recipe}/{manifest.version}"
