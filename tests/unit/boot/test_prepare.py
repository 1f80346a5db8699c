# SPDX-License-Identifier: Apache-2.0
"""A machine from an image's own boot partition; the tools are stood in for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from builder.boot import prepare as room
from builder.boot.built import Built
from builder.boot.machine import BOARDS

FILES = {"config.txt": "kernel=k\ninitramfs i\n", "cmdline.txt": " root=/dev/x\n rw \n"}


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    commands: list[str] = []

    def run(argv: Sequence[str]) -> None:
        commands.append(" ".join(argv))
        if argv[0] == "mcopy":
            for word in argv[4:-1]:
                name = word.removeprefix("::")
                (Path(argv[-1]) / name).write_text(FILES.get(name, ""))

    monkeypatch.setattr(room, "run", run)
    monkeypatch.setattr(room, "way_to_disks", lambda: "the quick way")
    return commands


def test_its_own_kernel_and_a_card_over_the_image(ran: list[str], tmp_path: Path) -> None:
    built = Built(Path("/o/x.img"), 3 << 30, 8 << 20, "arm64")
    machine = room.prepare(built, BOARDS["raspi3b"], tmp_path, ssh_port=2222, memory=1024)
    assert [command.replace(str(tmp_path), "S") for command in ran] == [
        "mcopy -n -i /o/x.img@@8388608 ::config.txt ::cmdline.txt S",
        "mcopy -n -i /o/x.img@@8388608 ::k ::i ::bcm2837-rpi-3-b.dtb S",
        "qemu-img create -q -f qcow2 -F raw -b /o/x.img S/card.qcow2 4294967296",
    ]
    assert (machine.cmdline, machine.aio) == ("root=/dev/x rw", "the quick way")
    assert (machine.kernel, machine.initrd) == (tmp_path / "k", tmp_path / "i")
    assert machine.device_tree == tmp_path / "bcm2837-rpi-3-b.dtb"


def test_virt_brings_its_own_device_tree(ran: list[str], tmp_path: Path) -> None:
    built = Built(Path("/o/x.img"), 3 << 30, 8 << 20, "arm64")
    machine = room.prepare(built, BOARDS["virt"], tmp_path, ssh_port=2222, memory=1024)
    assert machine.device_tree is None
    assert ran[1].endswith(f"::k ::i {tmp_path}")


def test_the_files_that_the_firmware_looks_for_by_itself(
    ran: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(FILES, "config.txt", "[all]\nauto_initramfs=1\narm_64bit=1\n[all]\n")
    built = Built(Path("/o/x.img"), 3 << 30, 8 << 20, "arm64")
    machine = room.prepare(built, BOARDS["raspi3b"], tmp_path, ssh_port=2222, memory=1024)
    assert (machine.kernel.name, machine.initrd.name) == ("kernel8.img", "initramfs8")
    # As the Raspberry Pi's kernels call the chip.
    assert machine.device_tree == tmp_path / "bcm2710-rpi-3-b.dtb"
