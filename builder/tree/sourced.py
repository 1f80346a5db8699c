# SPDX-License-Identifier: Apache-2.0
"""The entries of a tree together with where their contents lie."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from builder.tree.entry import Entry, stack


class Sourced(NamedTuple):
    """An entry; `folder` is the delta that it comes from, so the content is at `folder/path`.

    `layer` is that delta's place in the stack, 0 the lowest; `package` what it came with, if anything.
    """

    entry: Entry
    folder: Path
    layer: int = 0
    package: str = ""


def sourced(deltas: Iterable[tuple[Path, Iterable[Entry]]]) -> list[Sourced]:
    """What is seen through a stack of folders with their listings, lowest first; sorted by path."""
    pairs = list(deltas)
    folders = [folder for folder, _ in pairs]
    seen = stack(listing for _, listing in pairs)
    return [Sourced(entry, folders[layer], layer) for entry, layer in seen]
