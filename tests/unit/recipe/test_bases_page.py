# SPDX-License-Identifier: Apache-2.0
"""docs/reference/bases-and-boards.md tells what the definitions say."""

from __future__ import annotations

from pathlib import Path

from builder.base import definition as bases
from builder.board import definition as boards
from builder.recipe.fit import kernel_for, spoken, unfit
from builder.recipe.recipe import Board

PAGE = Path(__file__).parents[3] / "docs/reference/bases-and-boards.md"


def rows(heading: str) -> list[list[str]]:
    """The cells of the table below a heading, without their code marks."""
    section = PAGE.read_text().split(f"## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def test_what_fits_and_what_is_refused() -> None:
    fits, refused = [], []
    for name in bases.names():
        for board in boards.names():
            base, found = bases.load(name), boards.load(board)
            reason, kernel = unfit(base, found), kernel_for(base, found)
            if reason:
                refused.append([f"`{name}`", f"`{board}`", reason])
            else:
                assert kernel is not None
                fits.append([f"`{name}`", f"`{board}`", f"`{kernel.package}`"])
    assert [row[:3] for row in rows("What fits, and how far each was tried")] == fits
    assert rows("What is refused") == refused


def test_the_boards() -> None:
    assert rows("The boards") == [_board(boards.load(name)) for name in boards.names()]


def _board(board: Board) -> list[str]:
    ethernet = "yes" if board.ethernet else "no"
    told = [board.title, board.chip, spoken(board.instructions), str(board.memory), ethernet, board.netboot]
    return [f"`{board.name}`", *told]
