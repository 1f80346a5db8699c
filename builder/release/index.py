# SPDX-License-Identifier: Apache-2.0
"""The block index: the sha256 of every 64 KiB of an image, so that only what differs need be written.

    {"block_size":65536,"format":1,"image_sha256":"…","image_size":…,"root":"…"}\\n
    32 bytes per block, in order; the last block may be shorter, its hash covers what is there

`root` is the sha256 over all those hashes: who trusts it can trust each block.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from builder.errors import NodebakeError

FORMAT = 1
BLOCK_SIZE = 65536
_HASH = 32


@dataclass(frozen=True)
class Index:
    """`hashes` holds 32 bytes for each block; sizes in bytes."""

    image_size: int
    image_sha256: str
    hashes: bytes

    @property
    def root(self) -> str:
        """Hex sha256 over all block hashes."""
        return hashlib.sha256(self.hashes).hexdigest()

    def __len__(self) -> int:
        return len(self.hashes) // _HASH

    def __getitem__(self, block: int) -> bytes:
        """The hash of one block."""
        return self.hashes[block * _HASH : (block + 1) * _HASH]

    def differing(self, other: Index) -> list[int]:
        """The numbers of those blocks of this image that `other` has not at the same place."""
        return [block for block in range(len(self)) if self[block] != other[block]]


def dump(index: Index) -> bytes:
    """The index as the bytes of its file."""
    header = {
        "format": FORMAT,
        "block_size": BLOCK_SIZE,
        "image_size": index.image_size,
        "image_sha256": index.image_sha256,
        "root": index.root,
    }
    return json.dumps(header, sort_keys=True, separators=(",", ":")).encode() + b"\n" + index.hashes


def parse(data: bytes) -> Index:
    """The inverse of :func:`dump`; raises NodebakeError at anything that is not whole."""
    line, _, hashes = data.partition(b"\n")
    header = _header(line)
    if header.get("format") != FORMAT:
        raise NodebakeError(
            f"a block index of format {header.get('format')} cannot be read",
            facts=[f"this nodebake reads format {FORMAT}"],
            hint="update nodebake",
        )
    size = header.get("image_size")
    sha256 = header.get("image_sha256")
    if header.get("block_size") != BLOCK_SIZE or not isinstance(size, int) or not isinstance(sha256, str):
        raise _damaged("its header is incomplete")
    if len(hashes) != -(-size // BLOCK_SIZE) * _HASH:
        raise _damaged(f"{len(hashes)} bytes of hashes do not fit an image of {size} bytes")
    index = Index(size, sha256, hashes)
    if index.root != header.get("root"):
        raise _damaged("the hashes do not have the root that the header names")
    return index


def _header(line: bytes) -> dict[str, Any]:
    try:
        header = json.loads(line)
    except ValueError:
        header = None
    if not isinstance(header, dict):
        raise _damaged("it does not begin with a header")
    return header


def _damaged(fact: str) -> NodebakeError:
    return NodebakeError("the block index is damaged", facts=[fact], hint="fetch or build it again")
