# SPDX-License-Identifier: Apache-2.0
"""What a Pi 3 does each time it starts: from its card where that has a `bootcode.bin`, else over the network.

U-Boot plays boot ROM and firmware for the network; for a card this does, with mtools. A card with that file
and without what config.txt names never falls back, so here it ends in an error.
"""

from __future__ import annotations

import struct
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

from builder.board import definition
from builder.boot.netboot.head import Head
from builder.boot.netboot.machine import WORDS, Machine, prepare
from builder.head.node.inventory import Node
from builder.host.emulator import way_to_disks
from builder.netboot.config_txt import read_as

_SECTOR = 512
_FIRST_PARTITION = 446


@dataclass(frozen=True)
class Firmware:
    """Of one node of the emulator, whose card is the raw file `card`; loaded files lie in `folder`."""

    head: Head
    node: Node
    card: Path
    folder: Path

    def machine(self, console: Path) -> tuple[str, Machine]:
        """`card` or `network`, and the machine that starts from there."""
        if "bootcode.bin" in self.card_files():
            port = f"port{self.node.number}"
            started = self._loaded()
            return "card", Machine(started, port, self.node.mac, console, card=self.card, aio=way_to_disks())
        return "network", replace(prepare(self.head, self.node, self.folder, console), card=self.card)

    def card_files(self) -> list[str]:
        """Names at the top of the card's first partition; none where there is no partition."""
        if not self.boot_start():
            return []
        return [path.removeprefix("::/").lower() for path in self._mtools("mdir", "-b").splitlines()]

    def boot_start(self) -> int:
        """Where the card's first partition begins, in bytes; 0 when it has none."""
        with self.card.open("rb") as card:
            sector = card.read(_SECTOR)
        if sector[510:] != b"\x55\xaa":
            return 0
        first: int = struct.unpack_from("<I", sector, _FIRST_PARTITION + 8)[0]
        return first * _SECTOR

    def _loaded(self) -> tuple[str, ...]:
        """Words for the emulator: kernel, initramfs and command line, as config.txt on the card has them."""
        said = read_as(self._text("config.txt"), definition.section(self.node.board))
        for key, usual in (("start_file", "start.elf"), ("fixup_file", "fixup.dat")):
            assert said.get(key, usual) in self.card_files(), f"the card has no `{said.get(key, usual)}`"
        prefix = said.get("os_prefix", "")
        kernel, initramfs = (
            self._take(f"{prefix}{name}") for name in (said["kernel"], said["initramfs"].split()[0])
        )
        words = f"{self._text(f'{prefix}cmdline.txt').strip()} {WORDS}"
        return ("-kernel", str(kernel), "-initrd", str(initramfs), "-append", words)

    def _text(self, name: str) -> str:
        return self._take(name).read_text(encoding="utf-8")

    def _take(self, name: str) -> Path:
        target = self.folder / Path(name).name
        self._mtools("mcopy", "-n", name, str(target))
        return target

    def _mtools(self, *words: str) -> str:
        """A program of mtools on the first partition; the file that it is about is the last but one word."""
        program, *options = words
        place = [f"::/{options[-2]}", options[-1]] if program == "mcopy" else ["::/"]
        return subprocess.run(
            [program, *options[:1], "-i", f"{self.card}@@{self.boot_start()}", *place],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
