# SPDX-License-Identifier: Apache-2.0
"""The block map, version 2.0, for bmaptool: which 4 KiB blocks of an image hold anything."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from xml.etree import ElementTree

from builder.errors import NodebakeError

BLOCK_SIZE = 4096
_NO_CHECKSUM = "0" * 64


@dataclass(frozen=True)
class Range:
    """Blocks `first` to `last`, both included, and the hex sha256 of their bytes."""

    first: int
    last: int
    sha256: str


@dataclass(frozen=True)
class Bmap:
    """`image_size` in bytes; ranges in order, apart from one another."""

    image_size: int
    ranges: tuple[Range, ...]

    @property
    def blocks(self) -> int:
        """How many blocks the image has, the last perhaps shorter."""
        return -(-self.image_size // BLOCK_SIZE)

    @property
    def mapped(self) -> int:
        """How many of them are to be written."""
        return sum(span.last - span.first + 1 for span in self.ranges)


def dump(bmap: Bmap) -> str:
    """The map as XML. Its own checksum is that of the text with the checksum's digits all 0."""
    lines = [
        '<?xml version="1.0" ?>',
        '<bmap version="2.0">',
        f"    <ImageSize> {bmap.image_size} </ImageSize>",
        f"    <BlockSize> {BLOCK_SIZE} </BlockSize>",
        f"    <BlocksCount> {bmap.blocks} </BlocksCount>",
        f"    <MappedBlocksCount> {bmap.mapped} </MappedBlocksCount>",
        "    <ChecksumType> sha256 </ChecksumType>",
        f"    <BmapFileChecksum> {_NO_CHECKSUM} </BmapFileChecksum>",
        "    <BlockMap>",
        *(f'        <Range chksum="{span.sha256}"> {_span(span)} </Range>' for span in bmap.ranges),
        "    </BlockMap>",
        "</bmap>",
    ]
    text = "".join(line + "\n" for line in lines)
    return text.replace(_NO_CHECKSUM, hashlib.sha256(text.encode()).hexdigest(), 1)


def parse(text: str) -> Bmap:
    """The inverse of :func:`dump`; raises NodebakeError when the map is damaged or of another version."""
    try:
        root = ElementTree.fromstring(text)
        if root.get("version") != "2.0":
            raise NodebakeError(f"a block map of version `{root.get('version')}` cannot be read")
        checksum = _text(root, "BmapFileChecksum")
        if hashlib.sha256(text.replace(checksum, _NO_CHECKSUM, 1).encode()).hexdigest() != checksum:
            raise _damaged("its checksum does not fit")
        ranges = tuple(_range(element) for element in root.iterfind("BlockMap/Range"))
        return Bmap(int(_text(root, "ImageSize")), ranges)
    except (ElementTree.ParseError, ValueError) as error:
        raise _damaged(str(error)) from error


def _span(span: Range) -> str:
    return str(span.first) if span.first == span.last else f"{span.first}-{span.last}"


def _range(element: ElementTree.Element) -> Range:
    first, _, last = (element.text or "").strip().partition("-")
    return Range(int(first), int(last or first), element.get("chksum", ""))


def _text(root: ElementTree.Element, name: str) -> str:
    found = root.findtext(name)
    if found is None:
        raise _damaged(f"it has no {name}")
    return found.strip()


def _damaged(fact: str) -> NodebakeError:
    return NodebakeError("the block map is damaged", facts=[fact], hint="fetch or build it again")
