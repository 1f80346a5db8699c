# SPDX-License-Identifier: Apache-2.0
"""From an image to a machine that boots it: its own kernel, and a card over it.

The image is only read. What the machine writes goes to an overlay that is thrown away.
"""

from __future__ import annotations

from pathlib import Path

from builder.boot.built import Built
from builder.boot.config_txt import Loaded, loaded
from builder.boot.machine import Board, Machine, card_size
from builder.host.emulator import way_to_disks
from builder.host.process import run

# What Debian's kernels call a chip, and the Raspberry Pi's.
_MAKERS_CHIPS = {"bcm2835": "bcm2708", "bcm2836": "bcm2709", "bcm2837": "bcm2710"}


def prepare(
    built: Built, board: Board, scratch: Path, *, ssh_port: int, memory: int, console: Path | None = None
) -> Machine:
    """The machine, with its files in `scratch`. `memory` in MiB, `console` as in :class:`Machine`."""
    _take(built, ("config.txt", "cmdline.txt"), scratch)
    files = loaded(_text(scratch / "config.txt"), board.kernel)
    tree = _device_tree(board, files)
    _take(built, (files.kernel, files.initrd, *([tree] if tree else [])), scratch)
    return Machine(
        board=board,
        kernel=scratch / files.kernel,
        initrd=scratch / files.initrd,
        device_tree=scratch / tree if tree else None,
        cmdline=" ".join(_text(scratch / "cmdline.txt").split()),
        card=make_card(built, scratch / "card.qcow2"),
        ssh_port=ssh_port,
        memory=memory,
        console=console,
        aio=way_to_disks(),
    )


def _device_tree(board: Board, files: Loaded) -> str | None:
    """The board's device tree as the distribution calls it that called its kernel so."""
    if board.device_tree and files.kernel == board.kernel:
        chip, dash, rest = board.device_tree.partition("-")
        return f"{_MAKERS_CHIPS.get(chip, chip)}{dash}{rest}"
    return board.device_tree


def make_card(built: Built, path: Path) -> Path:
    """A card that holds the image and takes what is written instead of it."""
    backing = ["-F", "raw", "-b", str(built.image.absolute())]
    run(["qemu-img", "create", "-q", "-f", "qcow2", *backing, str(path), str(card_size(built.size))])
    return path


def _take(built: Built, names: tuple[str, ...], folder: Path) -> None:
    """Copy files of the image's boot partition."""
    source = f"{built.image}@@{built.boot_start}"
    run(["mcopy", "-n", "-i", source, *(f"::{name}" for name in names), str(folder)])


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
