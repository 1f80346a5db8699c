# SPDX-License-Identifier: Apache-2.0
"""What a node makes of itself: a larger root file system, and a host key."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.needs import needs_tool
from tests.unit.overlays.machine import Machine

GROW = "node-firstboot/grow-root"
KEYS = "node-firstboot/host-keys"
MIB = 2048  # sectors
GIB = 1024 * MIB


def card(
    machine: Machine,
    parts: list[tuple[int, int]],
    size: int,
    *,
    disk: str = "mmcblk0",
    infix: str = "p",
    fstype: str = "ext4",
) -> None:
    """A disk of `size` sectors with partitions (start, size); the root file system is on the second."""
    folder = f"sys/devices/{disk}"
    machine.write(f"{folder}/size", f"{size}\n")
    (machine.root / folder / "queue").mkdir()
    for number, (start, length) in enumerate(parts, 1):
        part = f"{folder}/{disk}{infix}{number}"
        for name, value in (("partition", number), ("start", start), ("size", length)):
            machine.write(f"{part}/{name}", f"{value}\n")
    link = machine.root / "sys/dev/block/179:2"
    link.parent.mkdir(parents=True)
    link.symlink_to(machine.root / folder / f"{disk}{infix}2")
    mounted(machine, "179:2", fstype)
    for program in ("sfdisk", "partx", "resize2fs"):
        machine.stub(program, "cat >/dev/null" if program == "sfdisk" else "")


def mounted(machine: Machine, number: str, fstype: str) -> None:
    machine.stub("findmnt", f'case "$*" in *MAJ:MIN*) echo {number} ;; *FSTYPE*) echo {fstype} ;; esac')


def grown(machine: Machine) -> list[str]:
    """The commands that would change the card."""
    done = machine.run(GROW)
    assert done.returncode == 0, done.stderr
    return [call for call in machine.called() if not call.startswith("findmnt")]


@pytest.mark.parametrize(("disk", "infix"), [("mmcblk0", "p"), ("vda", ""), ("sda", "")])
def test_the_last_partition_grows(machine: Machine, disk: str, infix: str) -> None:
    card(machine, [(8 * MIB, 512 * MIB), (520 * MIB, GIB)], 16 * GIB, disk=disk, infix=infix)
    assert grown(machine) == [
        f"sfdisk --quiet --no-reread --no-tell-kernel --wipe never --wipe-partitions never -N 2 /dev/{disk}",
        f"partx --update --nr 2 /dev/{disk}",
        f"resize2fs /dev/{disk}{infix}2",
    ]


def test_a_full_card_only_has_its_file_system_looked_at(machine: Machine) -> None:
    # So a first boot that lost power between table and file system is finished by the next.
    card(machine, [(8 * MIB, 512 * MIB), (520 * MIB, GIB)], 520 * MIB + GIB + 8 * MIB)
    assert grown(machine) == ["resize2fs /dev/mmcblk0p2"]


def test_a_partition_behind_is_not_run_over(machine: Machine) -> None:
    card(machine, [(8 * MIB, 512 * MIB), (520 * MIB, GIB), (520 * MIB + GIB, GIB)], 16 * GIB)
    assert grown(machine) == ["resize2fs /dev/mmcblk0p2"]


def test_what_is_free_before_a_partition_behind_is_taken(machine: Machine) -> None:
    card(machine, [(8 * MIB, 512 * MIB), (520 * MIB, GIB), (8 * GIB, GIB)], 16 * GIB)
    assert grown(machine)[0].startswith("sfdisk")


def test_a_root_that_is_no_partition_is_left_alone(machine: Machine) -> None:
    mounted(machine, "0:23", "nfs")
    assert grown(machine) == []


def test_a_whole_disk_is_left_alone(machine: Machine) -> None:
    machine.write("sys/devices/vda/size", f"{GIB}\n")
    (machine.root / "sys/dev/block").mkdir(parents=True)
    (machine.root / "sys/dev/block/254:0").symlink_to(machine.root / "sys/devices/vda")
    mounted(machine, "254:0", "ext4")
    assert grown(machine) == []


def test_another_file_system_is_told_of(machine: Machine) -> None:
    card(machine, [(8 * MIB, 512 * MIB), (520 * MIB, GIB)], 16 * GIB, fstype="btrfs")
    assert not any(call.startswith("resize2fs") for call in grown(machine))


def test_a_failing_tool_fails_the_unit(machine: Machine) -> None:
    card(machine, [(8 * MIB, 512 * MIB), (520 * MIB, GIB)], 16 * GIB)
    machine.stub("sfdisk", "exit 1")
    assert machine.run(GROW).returncode != 0
    assert not any(call.startswith("resize2fs") for call in machine.called())


def test_a_broken_findmnt_is_not_taken_for_a_root_without_partition(machine: Machine) -> None:
    machine.stub("findmnt", "exit 127")
    assert machine.run(GROW).returncode == 127


@needs_tool("sfdisk")
@pytest.mark.parametrize(
    ("end", "behind"),
    [(2 * GIB, ""), (2 * GIB - 128 * MIB, f"start={2 * GIB - 128 * MIB}, size={64 * MIB}, type=83\n")],
)
def test_the_real_sfdisk_keeps_disk_id_start_and_neighbour(
    machine: Machine, tmp_path: Path, end: int, behind: str
) -> None:
    image = tmp_path / "card.img"
    with image.open("wb") as file:
        file.truncate(2 * GIB * 512)
    table = (
        "label: dos\nlabel-id: 0x1234abcd\nunit: sectors\n"
        f"start={8 * MIB}, size={512 * MIB}, type=c, bootable\nstart={520 * MIB}, size={GIB}, type=83\n"
        f"{behind}"
    )
    sfdisk(machine, "--quiet", str(image), stdin=table)
    parts = [(8 * MIB, 512 * MIB), (520 * MIB, GIB)]
    card(machine, [*parts, (end, 64 * MIB)] if behind else parts, 2 * GIB)
    # The script's own options and input, on the image in place of the device.
    machine.stub(
        "sfdisk",
        f'for last; do :; done\nset -- $(echo "$*" | sed "s,$last,{image},")\n'
        'PATH=/usr/sbin:/sbin exec sfdisk "$@"',
    )
    done = machine.run(GROW)
    assert done.returncode == 0, done.stderr
    (machine.stubs / "sfdisk").unlink()
    dump = sfdisk(machine, "--dump", str(image)).replace(" ", "")
    assert "label-id:0x1234abcd" in dump
    assert f"start={8 * MIB},size={512 * MIB},type=c,bootable" in dump
    assert f"start={520 * MIB},size={end - 520 * MIB},type=83" in dump
    assert behind.strip().replace(" ", "") in dump


def sfdisk(machine: Machine, *arguments: str, stdin: str = "") -> str:
    return subprocess.run(
        ["sfdisk", *arguments],
        env=machine.environment(),
        input=stdin,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


@pytest.fixture
def ssh(machine: Machine) -> Machine:
    """A machine with an empty /etc/ssh, on which making a key is quick."""
    (machine.root / "etc/ssh").mkdir(parents=True)
    machine.stub(
        "ssh-keygen", 'while [ "$1" != -f ]; do shift; done\necho PRIVATE >"$2"; echo PUBLIC >"$2.pub"'
    )
    return machine


def test_a_host_key_is_made_once(ssh: Machine) -> None:
    assert ssh.run(KEYS).returncode == 0
    assert ssh.read("etc/ssh/ssh_host_ed25519_key") == "PRIVATE\n"
    assert ssh.read("etc/ssh/ssh_host_ed25519_key.pub") == "PUBLIC\n"
    ssh.write("etc/ssh/ssh_host_ed25519_key", "MINE\n")
    assert ssh.run(KEYS).returncode == 0
    assert ssh.read("etc/ssh/ssh_host_ed25519_key") == "MINE\n"
    assert len(list((ssh.root / "etc/ssh").iterdir())) == 2


def test_half_a_key_is_made_anew(ssh: Machine) -> None:
    for name in ("ssh_host_ed25519_key", "ssh_host_ed25519_key.new"):
        ssh.write(f"etc/ssh/{name}", "")
    assert ssh.run(KEYS).returncode == 0
    assert ssh.read("etc/ssh/ssh_host_ed25519_key") == "PRIVATE\n"


def test_no_key_has_the_name_before_it_is_whole(ssh: Machine) -> None:
    ssh.stub("ssh-keygen", "exit 1")
    assert ssh.run(KEYS).returncode != 0
    assert not (ssh.root / "etc/ssh/ssh_host_ed25519_key").exists()
