# SPDX-License-Identifier: Apache-2.0
"""The emulator's command line, word for word."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path

import pytest

from builder.boot.machine import BOARDS, Machine, board_for, card_size, memory_of
from builder.errors import RecipeError

VIRT = Machine(
    board=BOARDS["virt"],
    kernel=Path("/s/vmlinuz"),
    initrd=Path("/s/initrd.img"),
    device_tree=None,
    cmdline="root=PARTUUID=01020304-02 rw",
    card=Path("/s/card.qcow2"),
    ssh_port=2222,
    memory=1024,
)
RASPI3B = replace(VIRT, board=BOARDS["raspi3b"], device_tree=Path("/s/bcm2837-rpi-3-b.dtb"))


def test_virt_with_the_terminal() -> None:
    assert lines(VIRT) == (
        "qemu-system-aarch64",
        "-M virt",
        "-cpu cortex-a53",
        "-smp 2",
        "-m 1024",
        "-kernel /s/vmlinuz",
        "-initrd /s/initrd.img",
        "-append 'root=PARTUUID=01020304-02 rw systemd.default_device_timeout_sec=900"
        " systemd.default_timeout_start_sec=900 norandmaps kpti=off console=ttyAMA0'",
        "-drive file=/s/card.qcow2,if=none,id=card,format=qcow2,aio=threads",
        "-netdev user,id=net,hostfwd=tcp:127.0.0.1:2222-:22",
        "-device virtio-blk-pci,drive=card",
        "-device virtio-net-pci,netdev=net,mac=b8:27:eb:00:00:01,romfile=",
        "-display none",
        "-serial mon:stdio",
    )


def test_raspi3b_with_the_terminal() -> None:
    assert lines(RASPI3B) == (
        "qemu-system-aarch64",
        "-M raspi3b",
        "-m 1024",
        "-kernel /s/vmlinuz",
        "-initrd /s/initrd.img",
        "-dtb /s/bcm2837-rpi-3-b.dtb",
        "-append 'root=PARTUUID=01020304-02 rw systemd.default_device_timeout_sec=900"
        " systemd.default_timeout_start_sec=900 norandmaps kpti=off console=ttyS1,115200'",
        "-drive file=/s/card.qcow2,if=sd,id=card,format=qcow2,aio=threads",
        "-netdev user,id=net,hostfwd=tcp:127.0.0.1:2222-:22",
        "-device usb-net,netdev=net,mac=b8:27:eb:00:00:01",
        "-display none",
        "-serial null",
        "-serial mon:stdio",
    )


def test_raspi0_is_told_what_is_not_emulated() -> None:
    raspi0 = replace(VIRT, board=BOARDS["raspi0"], device_tree=Path("/s/bcm2835-rpi-zero.dtb"), memory=512)
    assert lines(raspi0)[:7] == (
        "qemu-system-aarch64",
        "-M raspi0",
        "-icount shift=4",
        "-m 512",
        "-kernel /s/vmlinuz",
        "-initrd /s/initrd.img",
        "-dtb /s/bcm2835-rpi-zero.dtb",
    )
    assert " initcall_blacklist=bcm2835_power_driver_init console=ttyAMA0,115200" in lines(raspi0)[7]


@pytest.mark.parametrize(
    ("architecture", "wanted", "name"),
    [
        ("arm64", None, "virt"),
        ("arm64", "raspi3b", "raspi3b"),
        ("armhf", None, "virt32"),
        ("armhf", "raspi2b", "raspi2b"),
        ("armel", None, "raspi0"),
    ],
)
def test_the_machine_for_an_image(architecture: str, wanted: str | None, name: str) -> None:
    assert board_for(architecture, wanted).name == name


@pytest.mark.parametrize(
    ("architecture", "wanted", "text"),
    [
        (
            "armhf",
            "raspi3b",
            "error: `raspi3b` runs images for arm64, and this one is for armhf\n"
            "hint: --board virt32 or raspi2b",
        ),
        ("riscv64", None, "error: an image for riscv64 cannot be emulated"),
    ],
)
def test_an_image_for_another_machine(architecture: str, wanted: str | None, text: str) -> None:
    with pytest.raises(RecipeError) as raised:
        board_for(architecture, wanted)
    assert raised.value.render() == text


def test_a_console_in_a_file_has_no_monitor() -> None:
    assert lines(replace(VIRT, console=Path("/s/serial.log")))[-3:] == (
        "-display none",
        "-monitor none",
        "-serial file:/s/serial.log",
    )


def test_a_comma_in_a_path_ends_nothing() -> None:
    assert "file=/a,,b/card.qcow2,if=none" in " ".join(replace(VIRT, card=Path("/a,b/card.qcow2")).argv())


@pytest.mark.parametrize(
    ("image", "card"),
    [(1, 2), (3 << 30, 4 << 30), ((4 << 30) - 1, 4 << 30), (4 << 30, 8 << 30), ((4 << 30) + 1, 8 << 30)],
)
def test_a_card_is_a_larger_power_of_two(image: int, card: int) -> None:
    assert card_size(image) == card


def test_memory() -> None:
    assert memory_of(BOARDS["virt"], None) == 1024
    assert memory_of(BOARDS["virt"], 4096) == 4096
    assert memory_of(BOARDS["raspi3b"], 1024) == 1024


@pytest.mark.parametrize(
    ("board", "wanted", "text"),
    [
        (
            "raspi3b",
            2048,
            "error: `raspi3b` has 1024 MiB of memory, not `2048`\nhint: leave --memory away",
        ),
        (
            "virt",
            1,
            "error: `--memory 1`: kernel and initramfs do not fit into less than 128 MiB\n"
            "hint: `virt` has 1024 without it",
        ),
    ],
)
def test_memory_that_cannot_be_had(board: str, wanted: int, text: str) -> None:
    with pytest.raises(RecipeError) as raised:
        memory_of(BOARDS[board], wanted)
    assert raised.value.render() == text


def lines(machine: Machine) -> tuple[str, ...]:
    """The command line with an option and its value on each line."""
    return tuple(shlex.join(machine.argv()).replace(" -", "\n-").splitlines())
