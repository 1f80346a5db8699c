# SPDX-License-Identifier: Apache-2.0
"""A card becomes one node's at its first boot, and boots by itself when it has earned that."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from builder.image.layout import IDENTITY_SIZE, IDENTITY_START
from tests.unit.overlays.machine import Machine

IDENTITY = "card-identity/identity"
CARD = "card-identity/card"
MOUNT = "10.42.0.250:/pxe/nodes/node07 /opt/individual_content nfs vers=3,nofail 0 0\n"
FILES = {
    "etc/hostname": (0o644, b"node07\n"),
    "etc/machine-id": (0o444, b"00112233445566778899aabbccddeeff\n"),
    "etc/nodebake/fstab": (0o644, MOUNT.encode()),
    "etc/nodebake/secrets/wifi": (0o600, b"a secret\n"),
    "etc/ssh/ssh_host_ed25519_key": (0o600, b"a key\n"),
}


def tar(files: dict[str, tuple[int, bytes]]) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path, (mode, data) in files.items():
            member = tarfile.TarInfo(path)
            member.mode, member.size = mode, len(data)
            archive.addfile(member, io.BytesIO(data))
    return made.getvalue()


def disk(machine: Machine, slot: bytes) -> Path:
    """The card that the root file system is on; in front and behind the slot stands something else."""
    part = "sys/devices/mmcblk0/mmcblk0p2"
    machine.write(f"{part}/partition", "2\n")
    link = machine.root / "sys/dev/block/179:2"
    link.parent.mkdir(parents=True)
    link.symlink_to(machine.root / part)
    machine.stub("findmnt", "echo 179:2")
    machine.stub("systemctl")
    (machine.root / "run").mkdir()
    machine.write("etc/fstab", "PARTUUID=88d94b30-02 / ext4 defaults 0 1\n")
    machine.write("etc/machine-id", "")
    machine.write("etc/hostname", "localhost\n")
    around = b"x" * IDENTITY_START
    return machine.write("disk", around + slot.ljust(IDENTITY_SIZE, b"\0") + b"y" * 4096)


def slot_of(card: Path) -> bytes:
    return card.read_bytes()[IDENTITY_START : IDENTITY_START + IDENTITY_SIZE]


def test_a_node_takes_over_what_is_its_own_and_leaves_no_secret_behind(machine: Machine) -> None:
    card = disk(machine, tar(FILES))
    done = machine.run(IDENTITY, NODEBAKE_DISK=str(card))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "this card is node07's\n"
    for path, (mode, data) in FILES.items():
        file = machine.root / path
        assert file.read_bytes() == data
        assert file.stat().st_mode & 0o777 == mode or path == "etc/machine-id"
    assert machine.read("etc/fstab").splitlines(keepends=True)[1:] == [MOUNT]
    assert not any(slot_of(card))
    whole = card.read_bytes()
    assert (whole[:IDENTITY_START], whole[-4096:]) == (b"x" * IDENTITY_START, b"y" * 4096)
    assert not list((machine.root / "run").iterdir())
    assert machine.called()[-2:] == ["systemctl daemon-reload", "systemctl --no-block start remote-fs.target"]


def test_after_a_loss_of_power_it_begins_anew_and_says_nothing_twice(machine: Machine) -> None:
    card = disk(machine, tar(FILES))
    machine.run(IDENTITY, NODEBAKE_DISK=str(card))
    with card.open("r+b") as file:
        file.seek(IDENTITY_START)
        file.write(tar(FILES))
    assert machine.run(IDENTITY, NODEBAKE_DISK=str(card)).returncode == 0
    assert machine.read("etc/fstab").count(MOUNT) == 1


def test_who_is_booted_for_once_leaves_it_to_what_is_booted_next(machine: Machine) -> None:
    card = disk(machine, tar(FILES))
    words = machine.write("cmdline", "root=PARTUUID=1-02 nodebake.trial=900 nodebake.once\n")
    for once in (True, False):
        cmdline = str(words if once else machine.write("cmdline", "root=PARTUUID=1-02\n"))
        done = machine.run(IDENTITY, NODEBAKE_DISK=str(card), NODEBAKE_CMDLINE=cmdline)
        assert (done.returncode, done.stdout) == (0, "this card is node07's\n"), done.stderr
        assert machine.read("etc/hostname") == "node07\n"
        assert any(slot_of(card)) == once
    assert machine.read("etc/fstab").count(MOUNT) == 1


def test_a_card_that_was_not_flashed_stays_as_it_is(machine: Machine) -> None:
    card = disk(machine, b"")
    done = machine.run(IDENTITY, NODEBAKE_DISK=str(card))
    assert (done.returncode, done.stdout) == (0, "nothing was left for this node to take over\n")
    assert machine.read("etc/hostname") == "localhost\n"


def test_what_is_damaged_fails_and_stays(machine: Machine) -> None:
    card = disk(machine, b"no tar at all" * 100)
    assert machine.run(IDENTITY, NODEBAKE_DISK=str(card)).returncode != 0
    assert any(slot_of(card))


@pytest.mark.parametrize(
    ("verb", "before", "after"),
    [
        ("earn", ["BOOTCODE.HLD"], ["bootcode.bin"]),
        ("earn", ["bootcode.bin"], ["bootcode.bin"]),
        ("earn", ["BOOTCODE.HLD", "bootcode.bin"], ["bootcode.bin"]),
        ("earn", ["start4.elf"], ["start4.elf"]),
        ("hold", ["bootcode.bin"], ["BOOTCODE.HLD"]),
        ("hold", ["BOOTCODE.HLD"], ["BOOTCODE.HLD"]),
        ("hold", [], []),
    ],
)
def test_a_card_boots_by_itself_or_not(
    verb: str, before: list[str], after: list[str], machine: Machine
) -> None:
    (machine.root / "boot/firmware").mkdir(parents=True)
    for name in before:
        machine.write(f"boot/firmware/{name}", "code")
    assert machine.run(CARD, verb).returncode == 0
    assert sorted(path.name for path in (machine.root / "boot/firmware").iterdir()) == after


def test_a_card_without_a_boot_loader_cannot_earn(machine: Machine) -> None:
    (machine.root / "boot/firmware").mkdir(parents=True)
    done = machine.run(CARD, "earn")
    assert done.returncode == 1
    assert done.stderr.startswith("there is no boot loader on this card")


def test_of_what_is_asked_it_tells(machine: Machine) -> None:
    done = machine.run(CARD, "burn")
    assert (done.returncode, done.stderr) == (2, "usage: card earn|hold\n")
