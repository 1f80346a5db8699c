# SPDX-License-Identifier: Apache-2.0
"""The boot tree of a release, from the boot directory that the firmware step filled. Pure.

At the top the firmware, by plain names and by names that its content gives; below the release's prefix all
that is of this release alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from builder.errors import StepError
from builder.netboot.config_txt import head, read_as, variant
from builder.netboot.layers import BOOT
from builder.recipe.recipe import Board
from builder.release.manifest import NetbootBoard
from builder.tree.entry import Entry, Kind

_FIRMWARE = ("bootcode.bin", "start*.elf", "fixup*.dat")
_OWN = ("config.txt", "cmdline.txt")
# Words of Debian's hook that find a root file system, or mend it.
_ROOT = ("root", "rw", "ro", "rootwait", "rootfstype", "rootflags", "fsck.repair")


@dataclass(frozen=True)
class BootTree:
    """`files` are names of the boot directory by their paths in the tree, `linked` further names of the
    firmware by plain ones; `config` is config.txt."""

    files: Mapping[str, str]
    linked: Mapping[str, str]
    config: str
    cmdline: tuple[str, ...]
    boards: tuple[NetbootBoard, ...]


def boot_tree(
    listing: Iterable[Entry],
    config: str,
    cmdline: str,
    boards: Sequence[tuple[Board, str]],
    prefix: str,
    *,
    own_root: bool = False,
) -> BootTree:
    """The boot tree of `listing`; `config` and `cmdline` are the texts that the boot directory holds.

    `boards` come with the section that config.txt knows them by. With `own_root` the words that find the root
    stay in the command line: it is where the distribution has it. Raises StepError when one would not find
    what it boots.
    """
    found = {e.path.removeprefix(f"{BOOT}/"): e for e in listing if e.path.startswith(f"{BOOT}/")}
    names = [name for name, entry in found.items() if entry.kind == Kind.FILE]
    firmware = [name for name in names if _is_firmware(name)]
    linked = {name: _hashed(name, found[name].sha256) for name in firmware if name != "bootcode.bin"}
    rows = []
    pairs: dict[str, tuple[str, str]] = {}
    for board, section in boards:
        said = read_as(config, section)
        start, fixup = _pair(board, variant(said))
        row = NetbootBoard(
            name=board.name,
            kernel=said.get("kernel", ""),
            initramfs=said.get("initramfs", "").split(" ")[0],
            device_trees=tuple(n for n in names if any(fnmatchcase(n, g) for g in board.device_trees)),
            start=linked.get(start, ""),
            fixup=linked.get(fixup, ""),
            memory=board.memory,
        )
        _complete(row, names, bool(start))
        rows.append(row)
        if start:
            pairs[section] = (row.start, row.fixup)
    return BootTree(
        files={
            **{name: name for name in firmware},
            **{f"{prefix}{name}": name for name in names if name not in firmware and name not in _OWN},
        },
        linked=linked,
        config=head(prefix, pairs) + "\n" + config,
        cmdline=tuple(word for word in cmdline.split() if own_root or word.partition("=")[0] not in _ROOT),
        boards=tuple(rows),
    )


def _is_firmware(name: str) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in _FIRMWARE)


def _hashed(name: str, sha256: str) -> str:
    stem, _, suffix = name.rpartition(".")
    return f"{stem}-{sha256[:8]}.{suffix}"


def _pair(board: Board, build: str) -> tuple[str, str]:
    """Start and fixup file of a board; empty when its own EEPROM has them."""
    four = any(name.startswith("start4") for name in board.firmware)
    if not four and not any(name.startswith("start") for name in board.firmware):
        return "", ""
    stem = f"4{build}" if four else f"_{build}" if build else ""
    return f"start{stem}.elf", f"fixup{stem}.dat"


def _complete(row: NetbootBoard, names: Sequence[str], has_firmware: bool) -> None:
    wanted = {"kernel": row.kernel, "initramfs": row.initramfs}
    absent = [
        f"{what}: {name or 'config.txt names none'}" for what, name in wanted.items() if name not in names
    ]
    absent += [] if row.device_trees else ["device tree: none"]
    absent += [] if not has_firmware or (row.start and row.fixup) else ["start or fixup file"]
    if absent:
        raise StepError(f"`{row.name}` would not find what it boots", facts=absent)
