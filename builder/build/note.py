# SPDX-License-Identifier: Apache-2.0
"""The notes of a release beside what the steps made: an output finds them like all else of the tree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from builder.host.worker import SHOWN
from builder.tree.noted import noted
from builder.tree.sourced import Sourced

_NOTES = SHOWN / "notes"


def annotated(found: Sequence[Sourced], told: Mapping[str, bytes], epoch: int, layer: int) -> list[Sourced]:
    """`found` with the files of `told`, as a layer of their own above all others; sorted by path."""
    for path, data in told.items():
        (_NOTES / path).parent.mkdir(parents=True, exist_ok=True)
        (_NOTES / path).write_bytes(data)
    known = {one.entry.path: one for one in found if one.entry.path not in told}
    return [
        known.get(entry.path) or Sourced(entry, _NOTES, layer)
        for entry in noted((one.entry for one in found), told, epoch)
    ]
