# SPDX-License-Identifier: Apache-2.0
"""The initramfs's script for a root on the network, function by function, on a root that is none."""

from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.unit.overlays.machine import OVERLAYS, Machine

SCRIPT = OVERLAYS / "netboot/usr/share/initramfs-tools/scripts/nodebake"
# What ends a node's boot is told instead, and what mounts does nothing.
QUIET = """\
nodebake_fail() { echo "failed: $*"; exit 9; }
nodebake_say() { :; }
nodebake_mount() { [ -d "$2" ] || mkdir -p "$2"; }
umount() { :; }
mount() { echo "mount $*"; }
"""


@pytest.fixture
def node(machine: Machine) -> Machine:
    machine.write("cmdline", "console=tty0 nodebake.mode=shared nodebake.root=10.42.0.250:/r quiet\n")
    machine.write("root/etc/hostname", "localhost\n")
    machine.write("root/etc/fstab", "")
    return machine


def run(node: Machine, text: str) -> subprocess.CompletedProcess[str]:
    """Read the script, put `root` and `run` of the machine in place, and then do as `text` says."""
    at = node.root
    places = f"here={at}/run rootmnt={at}/root cmdline={at}/cmdline boot_part={at}/cardp1"
    return subprocess.run(
        ["sh", "-euc", f". {SCRIPT}\n{places}\n{QUIET}\n{text}"],
        env=node.environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def said(node: Machine, text: str) -> str:
    done = run(node, text)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def identity(node: Machine, mode: str = "shared") -> None:
    node.write("run/identity/etc/hostname", "node07\n")
    node.write("run/identity/etc/fstab", "head:/content /opt/individual_content nfs nofail 0 0\n")
    node.write("run/identity/etc/ssh/ssh_host_ed25519_key", "secret\n").chmod(0o600)
    said(node, f"identity=head:/i mode={mode}; nodebake_identity")


def test_words_are_read(node: Machine) -> None:
    assert said(node, 'nodebake_words; echo "$mode $source $writable $layers."') == (
        "shared 10.42.0.250:/r tmpfs .\n"
    )


def test_a_command_line_without_a_root(node: Machine) -> None:
    node.write("cmdline", "quiet\n")
    done = run(node, "nodebake_words")
    assert (done.returncode, done.stdout) == (9, "failed: the command line has no nodebake.root\n")


def test_identity_is_copied_with_its_modes(node: Machine) -> None:
    identity(node)
    key = node.root / "root/etc/ssh/ssh_host_ed25519_key"
    assert key.read_text() == "secret\n"
    assert key.stat().st_mode & 0o777 == 0o600
    assert node.read("root/etc/hostname") == "node07\n"
    assert "127.0.1.1 node07\n" in node.read("root/etc/hosts")


def test_its_fstab_is_added_but_for_a_private_root(node: Machine) -> None:
    node.write("root/etc/fstab", "# first\n")
    identity(node, "private")
    assert node.read("root/etc/fstab") == "# first\n"
    identity(node)
    assert node.read("root/etc/fstab").splitlines()[1].startswith("head:/content ")


def test_hosts_that_know_the_name_stay(node: Machine) -> None:
    node.write("root/etc/hosts", "10.0.0.1 other\n127.0.1.1\tnode07\n")
    identity(node)
    assert node.read("root/etc/hosts") == "10.0.0.1 other\n127.0.1.1\tnode07\n"


def test_a_folder_persists_from_what_the_root_has(node: Machine) -> None:
    node.write("root/etc/nodebake/persist", "var/lib/a\n")
    node.write("root/var/lib/a/first", "from the layers\n")
    told = said(node, "writable=card; nodebake_persist")
    kept = node.root / "run/writable/persist/var/lib/a"
    assert told == f"mount -o bind {kept} {node.root}/root/var/lib/a\n"
    assert (kept / "first").read_text() == "from the layers\n"
    (kept / "first").write_text("changed\n")
    said(node, "writable=card; nodebake_persist")
    assert (kept / "first").read_text() == "changed\n"


def test_nothing_persists_in_memory(node: Machine) -> None:
    node.write("root/etc/nodebake/persist", "var/lib/a\n")
    assert said(node, "writable=tmpfs; nodebake_persist") == ""
    assert not Path(node.root, "run/writable").exists()


def mounted(node: Machine, root: str) -> subprocess.CompletedProcess[str]:
    """All of mountroot, with another release in the root than on the command line."""
    node.write("cmdline", f"nodebake.release=x/2 nodebake.mode={root} nodebake.root=h:/r\n")
    node.write("root/etc/nodebake/release", "x/1\n")
    rest = "nodebake_network() { :; }; nodebake_layered() { :; }; mountroot"
    return run(node, rest)


def test_a_root_of_another_release_is_refused(node: Machine) -> None:
    for mode in ("shared", "private"):
        done = mounted(node, mode)
        assert (done.returncode, done.stdout) == (
            9,
            "failed: the boot files are of x/2, the root is of x/1\n",
        )


def test_an_unknown_mode_is_refused(node: Machine) -> None:
    assert mounted(node, "other").stdout == "failed: there is no mode `other`\n"


def on_card(node: Machine, slot: bytes, mode: str = "ram") -> subprocess.CompletedProcess[str]:
    """All of mountroot, with the layers on the card's first partition and `slot` in front of it."""
    (node.root / "card").write_bytes(bytes(4 << 20) + slot.ljust(256 << 10, b"\0"))
    node.write("cmdline", f"nodebake.release=x/1 nodebake.mode={mode} nodebake.root=card:folder\n")
    node.write("root/etc/nodebake/release", "x/1\n")
    return run(node, "nodebake_network() { echo network; }; nodebake_layered() { echo layers; }; mountroot")


def test_a_root_from_the_card_takes_its_identity_from_the_slot(node: Machine) -> None:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path, text in (("etc/hostname", "node17\n"), ("etc/nodebake/fstab", "head:/content /c nfs\n")):
            member = tarfile.TarInfo(path)
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))
    before = sink.getvalue()
    done = on_card(node, before)
    # Nobody asks the network.
    assert (done.returncode, done.stdout) == (0, "layers\n"), done.stdout + done.stderr
    assert node.read("root/etc/hostname") == "node17\n"
    assert node.read("root/etc/fstab") == "head:/content /c nfs\n"
    assert "127.0.1.1 node17\n" in node.read("root/etc/hosts")
    # A card that loses its power while it is written boots this again.
    assert (node.root / "card").read_bytes()[4 << 20 :].startswith(before)
    assert not list(node.root.glob("run/slot*"))


def test_a_card_without_an_identity_is_refused(node: Machine) -> None:
    done = on_card(node, b"no tar".ljust(2048, b"x"))
    assert (done.returncode, done.stdout) == (
        9,
        "layers\nfailed: nothing on the card makes this node itself\n",
    )


def test_from_the_card_comes_only_what_lives_in_memory(node: Machine) -> None:
    done = on_card(node, b"", "shared")
    assert (done.returncode, done.stdout) == (9, "failed: from a card comes mode ram alone, not `shared`\n")


def test_the_layers_of_a_folder_of_the_card(node: Machine) -> None:
    node.write("run/layers/folder/a.squashfs", "a layer")
    told = said(node, "source=card:folder; layers=a.squashfs; nodebake_load")
    assert "mount -o move" in told
    assert node.read("run/ram/a.squashfs") == "a layer"
