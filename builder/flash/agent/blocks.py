# SPDX-License-Identifier: Apache-2.0
"""Blocks of an image as they are to be on a card, each checked by the index."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from builder.errors import RefusedError
from builder.flash.agent.compare import Run
from builder.flash.agent.source import Source
from builder.flash.agent.wanted import Wanted
from builder.release.index import BLOCK_SIZE


@dataclass(frozen=True)
class Blocks:
    """`image` is the name of the image at the source."""

    source: Source
    image: str
    wanted: Wanted

    def fetch(self, run: Run) -> bytes:
        """A run from the source; zeros need not be fetched. Raises RefusedError for other bytes."""
        return b"".join(self.own(part, self._read(part)) for part in parts(run, self.wanted))

    def own(self, run: Run, data: bytes) -> bytes:
        """The image's bytes of a run as they are to be on this card. Raises RefusedError for other bytes."""
        made: bytearray | None = None
        for block, piece in run.pieces(memoryview(data)):
            if not self.wanted.is_image(block, piece):
                raise RefusedError(
                    f"block {block} of `{self.image}` is not what the release's index says",
                    facts=["whoever serves the release has other bytes than were signed"],
                    hint="publish the release again, and flash again",
                )
            if self.wanted.differs(block):
                # Hardly any block does: all others are what came, not copied.
                made = made if made is not None else bytearray(data)
                skip = (block - run.first) * BLOCK_SIZE
                made[skip : skip + len(piece)] = self.wanted.own(block, bytes(piece))
        return data if made is None else bytes(made)

    def size(self, run: Run) -> int:
        """Bytes of a run."""
        return run.size(self.wanted.index.image_size)

    def _read(self, part: Run) -> bytes:
        if self.wanted.is_zero(part.first):
            return bytes(self.size(part))
        return self.source.read(self.image, part.start, self.size(part))


def parts(run: Run, wanted: Wanted) -> Iterator[Run]:
    """A run, divided into what is all zeros and what is not."""
    first, end = run.first, run.first + run.count
    for block in range(first + 1, end + 1):
        if block == end or wanted.is_zero(block) != wanted.is_zero(first):
            yield Run(first, block - first)
            first = block
