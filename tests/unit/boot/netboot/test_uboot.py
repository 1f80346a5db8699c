# SPDX-License-Identifier: Apache-2.0
"""U-Boot's orders, from what was published."""

from __future__ import annotations

import struct
import zlib

import pytest

from builder.boot.netboot.uboot import flash, orders
from builder.errors import NodebakeError

MAC = "b8:27:eb:00:00:07"
CONFIG = """\
os_prefix=20260101-aaaaaaaa/
[pi4]
start_file=start4-22222222.elf
fixup_file=fixup4-33333333.dat
[pi3]
start_file=start-00000000.elf
fixup_file=fixup-11111111.dat
[all]
kernel=vmlinuz-6
initramfs initrd.img-6 followkernel
"""


def fetched(section: str) -> list[str]:
    commands = orders(CONFIG, section, "a.dtb", MAC, "quiet")["nodebake"].split(" && ")
    return [command.split()[2] for command in commands if command.startswith("tftpboot")]


def test_it_fetches_what_a_board_fetches_in_that_order() -> None:
    assert fetched("pi3") == [
        "bootcode.bin",
        "config.txt",
        "start-00000000.elf",
        "fixup-11111111.dat",
        "config.txt",
        "20260101-aaaaaaaa/a.dtb",
        "20260101-aaaaaaaa/cmdline.txt",
        "20260101-aaaaaaaa/vmlinuz-6",
        "20260101-aaaaaaaa/initrd.img-6",
    ]


def test_what_a_kernel_upgrade_on_the_node_has_written_lies_at_the_top() -> None:
    written = "kernel=vmlinuz-7\ninitramfs initrd.img-7\n"
    commands = orders(written, "pi3", "a.dtb", MAC, "quiet")["nodebake"].split(" && ")
    assert [command.split()[2] for command in commands if command.startswith("tftpboot")][2:] == [
        *("config.txt", "a.dtb", "cmdline.txt", "vmlinuz-7", "initrd.img-7"),
    ]


def test_each_board_has_its_own_firmware() -> None:
    assert fetched("pi4")[2:4] == ["start4-22222222.elf", "fixup4-33333333.dat"]


def test_the_command_line_is_the_files() -> None:
    """The name of a variable and an equals sign are written before it, and both are read as one line."""
    commands = orders(CONFIG, "pi3", "a.dtb", MAC, "quiet")["nodebake"].split(" && ")
    written = [command.split() for command in commands if command.startswith("mw.b")]
    assert bytes(int(byte, 16) for _, _, byte in written) == b"bootargs="
    first = int(written[0][1], 16)
    assert [int(address, 16) for _, address, _ in written] == list(range(first, first + 9))
    assert f"tftpboot {first + 9:x} 20260101-aaaaaaaa/cmdline.txt" in commands
    assert commands[commands.index(f"env import -t {first:x} ${{size}} bootargs") + 1] == (
        'setenv bootargs "${bootargs} ${words}"'
    )


def test_a_failure_begins_anew() -> None:
    assert orders(CONFIG, "pi3", "a.dtb", MAC, "")["bootcmd"] == (
        "run nodebake; echo this node starts again; sleep 5; reset"
    )


def test_a_config_that_names_too_little() -> None:
    with pytest.raises(NodebakeError, match="does not name all that a board boots") as error:
        orders("kernel=vmlinuz\n", "pi3", "a.dtb", MAC, "")
    assert list(error.value.facts) == ["there is no `initramfs` for it"]


def test_the_flash_is_what_u_boot_reads() -> None:
    data = flash({"b": "2", "a": "1"})
    assert len(data) == 0x40000
    assert struct.unpack("<I", data[:4])[0] == zlib.crc32(data[4:])
    assert data[4:13] == b"a=1\0b=2\0\0"


def test_orders_that_the_flash_cannot_hold() -> None:
    with pytest.raises(NodebakeError, match="U-Boot's orders are too long"):
        flash({"a": "1" * 0x40000})
