# SPDX-License-Identifier: Apache-2.0
"""Which boards a base fits, and with which of its kernels; pure."""

from __future__ import annotations

from builder.recipe.recipe import Base, Board, Kernel

INSTRUCTIONS = ("armv5", "armv6", "armv7", "armv8")
"""Instruction sets, each of which runs the programs of all before it.

dpkg's names do not tell them: `armhf` is ARMv7 in Debian and ARMv6 in Raspbian.
"""


def kernel_for(base: Base, board: Board) -> Kernel | None:
    """The best kernel of `base` for `board`."""
    by_flavour = {kernel.flavour: kernel for kernel in base.kernels}
    return next((by_flavour[flavour] for flavour in board.kernels if flavour in by_flavour), None)


def kernels_for(base: Base, boards: tuple[Board, ...]) -> tuple[Kernel, ...]:
    """The kernels that `boards` want of `base`, in the base's order."""
    wanted = {kernel_for(base, board) for board in boards}
    return tuple(kernel for kernel in base.kernels if kernel in wanted)


def unfit(base: Base, board: Board) -> str | None:
    """Why `board` cannot run `base`, or None when it can."""
    if INSTRUCTIONS.index(base.instructions) > INSTRUCTIONS.index(board.instructions):
        mine, its = spoken(board.instructions), spoken(base.instructions)
        return f"it executes {mine}, and the programs of this base are {its}"
    reason = dict(base.unfit).get(board.name)
    if reason:
        return reason
    if kernel_for(base, board) is None:
        has, wants = (_either(flavours) for flavours in (_flavours(base), board.kernels))
        return f"its kernel is {wants}, and this base has {has}"
    return None


def spoken(instructions: str) -> str:
    """An instruction set as people write it."""
    return instructions.replace("armv", "ARMv")


def _flavours(base: Base) -> tuple[str, ...]:
    return tuple(kernel.flavour for kernel in base.kernels)


def _either(words: tuple[str, ...]) -> str:
    return " or ".join(f"`{word}`" for word in words)
