# SPDX-License-Identifier: Apache-2.0
"""Boards as the worker is told of them for a boot tree, and what it tells of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from builder.recipe.recipe import Board
from builder.release.manifest import NetbootBoard


def boards(wanted: Iterable[Board]) -> list[dict[str, Any]]:
    """For an order: each board with the section that config.txt knows it by."""
    return [{"board": asdict(board), "section": board.section} for board in wanted]


def told_boards(rows: Iterable[Mapping[str, Any]]) -> tuple[NetbootBoard, ...]:
    """For a manifest, from the worker's answer."""
    return tuple(NetbootBoard(**{**row, "device_trees": tuple(row["device_trees"])}) for row in rows)
