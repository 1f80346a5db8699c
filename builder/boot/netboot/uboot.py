# SPDX-License-Identifier: Apache-2.0
"""U-Boot in the place of a Raspberry Pi's firmware: its orders, made from what was published. Pure.

It fetches what a Pi 3's boot ROM and firmware fetch, by the names that config.txt and the release's
prefix give, and starts the kernel with the words of cmdline.txt. The orders are U-Boot's environment, which
the emulated board has in its second flash chip.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping

from builder.errors import NodebakeError
from builder.netboot.config_txt import read_as

FLASH = 64 << 20
"""Bytes of one flash chip of the emulator's board."""
_ENVIRONMENT = 0x40000
_KERNEL = 0x40400000
_INITRAMFS = 0x48000000
_CMDLINE = 0x4F000000
_ELSEWHERE = 0x4F800000
_UNPACKED = 0x50000000
"""Addresses in the memory of a board with at least 512 MiB, which begins at 0x40000000."""


def orders(config: str, section: str, device_tree: str, mac: str, words: str) -> dict[str, str]:
    """The environment with which U-Boot boots what `config`, the published config.txt, says.

    `section` is the board's in config.txt, `device_tree` its file, `mac` its network card's address; `words`
    are added to the command line.
    Raises NodebakeError for a config.txt that a board could not boot by.
    """
    return {
        "bootdelay": "0",
        "bootcmd": "run nodebake; echo this node starts again; sleep 5; reset",
        "nodebake": " && ".join(_commands(read_as(config, section), device_tree)),
        # It reads the address of an emulated card wrongly: six times the first byte.
        "ethaddr": mac,
        "words": words,
        # A packet lost on the way is asked for again soon.
        "tftptimeout": "1000",
        "autoload": "no",
        "kernel_comp_addr_r": f"{_UNPACKED:x}",
    }


def _commands(said: Mapping[str, str], device_tree: str) -> Iterator[str]:
    lacking = [key for key in ("kernel", "initramfs") if key not in said]
    if lacking:
        raise NodebakeError(
            "config.txt does not name all that a board boots",
            facts=[f"there is no `{key}` for it" for key in lacking],
        )
    # Without one, all lies at the top: so after a kernel upgrade on a node with a root of its own.
    prefix = said.get("os_prefix", "")

    def fetch(name: str, address: int = _ELSEWHERE) -> str:
        return f"tftpboot {address:x} {name}"

    yield from ("pci enum", "dhcp")
    firmware = [said[key] for key in ("start_file", "fixup_file") if key in said]
    for name in ("bootcode.bin", "config.txt", *firmware, "config.txt"):
        yield fetch(name)
    yield fetch(f"{prefix}{device_tree}")
    # The line of cmdline.txt becomes the line of a variable.
    variable = b"bootargs="
    yield from (f"mw.b {_CMDLINE + place:x} {byte:x}" for place, byte in enumerate(variable))
    yield fetch(f"{prefix}cmdline.txt", _CMDLINE + len(variable))
    yield f"setexpr size ${{filesize}} + {len(variable):x}"
    yield f"env import -t {_CMDLINE:x} ${{size}} bootargs"
    yield 'setenv bootargs "${bootargs} ${words}"'
    yield fetch(f"{prefix}{said['kernel']}", _KERNEL)
    yield "setenv kernel_comp_size ${filesize}"
    yield fetch(f"{prefix}{said['initramfs'].split()[0]}", _INITRAMFS)
    yield f"booti {_KERNEL:x} {_INITRAMFS:x}:${{filesize}} ${{fdtcontroladdr}}"


def flash(environment: Mapping[str, str]) -> bytes:
    """What stands at the beginning of the flash chip. Raises NodebakeError when it has no room."""
    text = b"".join(f"{name}={value}".encode() + b"\0" for name, value in sorted(environment.items())) + b"\0"
    room = _ENVIRONMENT - 4
    if len(text) > room:
        raise NodebakeError("U-Boot's orders are too long", facts=[f"{len(text)} bytes, of {room}"])
    data = text.ljust(room, b"\0")
    return struct.pack("<I", zlib.crc32(data)) + data
