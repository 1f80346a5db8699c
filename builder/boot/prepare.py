# SPDX-License-Identifier: Apache-2.0
"""From an image to a machine that boots it: its own kernel, and a card over it.

The image is only read. What the machine writes goes to an overlay that is thrown away.
"""

from __future__ import annotations

from pathlib import Path

from builder.boot.built import Built
from builder.boot.config_txt import loaded
from builder.boot.machine import Board, Machine, card_size
from builder.host.process import run


def prepare(
    built: Built, board: Board, scratch: Path, *, ssh_port: int, memory: int, console: Path | None = None
) -> Machine:
    """The machine, with its files in `scratch`. `memory` in MiB, `console` as in :class:`Machine`."""
    _take(built, ("config.txt", "cmdline.txt"), scratch)
    files = loaded(_text(scratch / "config.txt"))
    trees = (board.device_tree,) if board.device_tree else ()
    _take(built, (files.kernel, files.initrd, *trees), scratch)
    return Machine(
        board=board,
        kernel=scratch / files.kernel,
        initrd=scratch / files.initrd,
        device_tree=scratch / board.device_tree if board.device_tree else None,
        cmdline=" ".join(_text(scratch / "cmdline.txt").split()),
        card=make_card(built, scratch / "card.qcow2"),
        ssh_port=ssh_port,
        memory=memory,
        console=console,
    )


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
