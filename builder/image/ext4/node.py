# SPDX-License-Identifier: Apache-2.0
"""A listing's entries as the inodes that they will be; pure."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from builder.image.ext4 import directory
from builder.image.ext4.geometry import BLOCK
from builder.image.ext4.xattr import Attribute, attributes, fits
from builder.tree.entry import Entry, Kind
from builder.tree.sourced import Sourced

LOST_FOUND = "lost+found"
_SHORT_LINK = 60
_TYPES = {
    Kind.FILE: directory.Type.FILE,
    Kind.DIRECTORY: directory.Type.DIRECTORY,
    Kind.LINK: directory.Type.LINK,
    Kind.CHARACTER: directory.Type.CHARACTER,
    Kind.BLOCK: directory.Type.BLOCK,
    Kind.FIFO: directory.Type.FIFO,
}


@dataclass
class Node:
    """One inode: `path` is the first of its names, `links` how often it is named.

    `children` are a directory's: names and the paths of their nodes. `blocks` is what the content
    takes, `attribute_block` whether its attributes need a block of their own.
    """

    path: str
    entry: Entry
    folder: Path
    attributes: list[Attribute]
    links: int = 1
    blocks: int = 0
    attribute_block: bool = False
    children: list[tuple[bytes, str]] = field(default_factory=list)

    @property
    def type(self) -> directory.Type:
        return _TYPES[self.entry.kind]

    @property
    def target(self) -> bytes:
        """Where a symbolic link points to."""
        return os.fsencode(self.entry.target)


def nodes(listing: Iterable[Sourced]) -> dict[str, Node]:
    """The nodes by path: directories first, then all else, layer by layer, package by package, by path.

    So what a package brought lies together, as it changes together, what mostly stays ahead of the rest; then
    comes what no package brought.
    What a late step made, like the recipe's own files, comes late, and moves nothing else when it grows.
    The listing holds the root itself ("").
    """
    found: dict[str, Node] = {}
    places: dict[str, tuple[int, bool, str, bool]] = {}
    groups: dict[tuple[Path, str], str] = {}
    names: list[tuple[str, str]] = []
    for one in listing:
        entry = one.entry
        path = entry.path
        if path == LOST_FOUND:
            continue
        if entry.links:
            path = groups.setdefault((one.folder, entry.links), path)
        if path:
            names.append((entry.path, path))
        if path in found:
            found[path].links += 1
        else:
            found[path] = _node(one)
            places[path] = (one.layer, not one.package, one.package, not _lasts(path))
    for name, path in sorted(names):
        parent, _, last = name.rpartition("/")
        found[parent].children.append((os.fsencode(last), path))
    for node in found.values():
        if node.entry.kind == Kind.DIRECTORY:
            _settle(node, found)
    return dict(sorted(found.items(), key=lambda item: _order(item[1], places[item[0]])))


def _order(node: Node, place: tuple[int, bool, str, bool]) -> tuple[int, bool, str, bool, str]:
    if node.entry.kind == Kind.DIRECTORY:
        return -1, False, "", False, node.path
    return *place, node.path


def _lasts(path: str) -> bool:
    """Whether a file of a package mostly stays as it is when an update changes programs and libraries."""
    return path.startswith("usr/share/") and "/changelog" not in path


def takes(found: Iterable[Node]) -> tuple[int, int]:
    """Blocks and inodes for all of these."""
    every: Sequence[Node] = list(found)
    return sum(node.blocks + node.attribute_block for node in every), len(every)


def _node(one: Sourced) -> Node:
    entry = one.entry
    held = attributes(entry.xattrs) if entry.xattrs else []
    node = Node(entry.path, entry, one.folder, held, attribute_block=bool(held) and not fits(held))
    if entry.kind == Kind.FILE:
        node.blocks = -(-entry.size // BLOCK)
    elif entry.kind == Kind.LINK:
        node.blocks = int(len(node.target) >= _SHORT_LINK)
    return node


def _settle(node: Node, found: dict[str, Node]) -> None:
    """Count a directory's blocks and links, now that its names are known."""
    own = [name for name, _ in node.children]
    if not node.path:
        own.append(LOST_FOUND.encode())
    node.blocks = directory.count(own)
    below = sum(found[path].entry.kind == Kind.DIRECTORY for _, path in node.children)
    node.links = 2 + below + (not node.path)
