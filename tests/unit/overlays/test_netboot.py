# SPDX-License-Identifier: Apache-2.0
"""The initramfs's script for a root on the network, function by function, on a root that is none."""

from __future__ import annotations

import subprocess
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
    places = f"here={node.root}/run rootmnt={node.root}/root cmdline={node.root}/cmdline"
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
