# SPDX-License-Identifier: Apache-2.0
"""What boot ROMs and the firmware behind them ask for, in their order. Pure.

Each takes `fetch`, which gives a file's bytes or None where there is none, and goes on by what it got. Many
of the names are expected to be missing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from builder.netboot.config_txt import read_as

Fetch = Callable[[str], bytes | None]


@dataclass(frozen=True)
class Rom:
    """A board: its section of config.txt, its device tree, and whether its loader is in an EEPROM."""

    section: str
    device_tree: str
    eeprom: bool = False


ROMS = {
    "pi3b": Rom("pi3", "bcm2837-rpi-3-b.dtb"),
    "pi3bplus": Rom("pi3+", "bcm2837-rpi-3-b-plus.dtb"),
    "pi4": Rom("pi4", "bcm2711-rpi-4-b.dtb", eeprom=True),
}


def boot(rom: Rom, serial: str, fetch: Fetch) -> None:
    """Ask for everything, from the ROM to the kernel. AssertionError when something needed is missing."""
    (_eeprom if rom.eeprom else _bootcode)(rom, serial, fetch)


def _bootcode(rom: Rom, serial: str, fetch: Fetch) -> None:
    _needed(fetch, "bootcode.bin")
    fetch("bootsig.bin")
    below = f"{serial}/" if fetch(f"{serial}/start.elf") else ""
    fetch(f"{below}autoboot.txt")
    # bootcode.bin may know no sections: what stands last holds.
    said = read_as(_without_sections(_needed(fetch, f"{below}config.txt")), rom.section)
    fetch(f"{below}recovery.elf")
    _needed(fetch, f"{below}{said.get('start_file', 'start.elf')}")
    _needed(fetch, f"{below}{said.get('fixup_file', 'fixup.dat')}")
    _firmware(rom, below, fetch)


def _eeprom(rom: Rom, serial: str, fetch: Fetch) -> None:
    below = f"{serial}/" if fetch(f"{serial}/start4.elf") else ""
    said = read_as(_needed(fetch, f"{below}config.txt").decode(), rom.section)
    for name in ("vl805.sig", "pieeprom.sig", "recover4.elf", "recovery.elf"):
        fetch(f"{below}{name}")
    _needed(fetch, f"{below}{said.get('start_file', 'start4.elf')}")
    _needed(fetch, f"{below}{said.get('fixup_file', 'fixup4.dat')}")
    _firmware(rom, below, fetch)


def _firmware(rom: Rom, below: str, fetch: Fetch) -> None:
    said = read_as(_needed(fetch, f"{below}config.txt").decode(), rom.section)
    fetch(f"{below}dt-blob.bin")
    fetch(f"{below}bootcfg.txt")
    below += said["os_prefix"]
    _needed(fetch, f"{below}{rom.device_tree}")
    fetch(f"{below}overlays/overlay_map.dtb")
    _needed(fetch, f"{below}cmdline.txt")
    _needed(fetch, f"{below}{said['kernel']}")
    _needed(fetch, f"{below}{said['initramfs'].split()[0]}")


def _needed(fetch: Fetch, name: str) -> bytes:
    data = fetch(name)
    assert data is not None, f"there is no {name}"
    return data


def _without_sections(config: bytes) -> str:
    return "".join(line for line in config.decode().splitlines(keepends=True) if not line.startswith("["))
