# SPDX-License-Identifier: Apache-2.0
"""The order for a board that cannot ask the network: the flasher was booted from the card that is written.

Its partition table stays, and so does all up to the end of the first partition, until everything behind that
is written and has been read back. Then the table, which is one sector and names the same first partition: the
flasher boots with either. At last the first partition and the identity in front of it. Only while these are
written does the card not boot; what is fetched for them lies in memory by then, and no network is waited for:
who is told of it may be gone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from builder.errors import RefusedError
from builder.flash.agent import label, table
from builder.flash.agent.blocks import parts
from builder.flash.agent.compare import Comparing, Run
from builder.flash.agent.direct import UNIT
from builder.flash.agent.flash import TABLE, Flash, Tell, groups
from builder.flash.agent.table import Part
from builder.release.index import BLOCK_SIZE


@dataclass
class BootLast(Flash):
    """A flash of the card that this system was booted from. Tells of one phase more: `boot`, the last one."""

    def run(self) -> bool:
        """Bring the card there; whether anything had to be written. Raises NodebakeError, RefusedError."""
        first = self.blocks.fetch(TABLE)
        end = -(-self._boot_end(first) // BLOCK_SIZE)
        self._body(end)
        self._read_back(self._written)
        differing = list(self._differing(end))
        if self._boots and not differing:
            return False
        self._boot(differing, first)
        return True

    def _boot_end(self, first: bytes) -> int:
        """Where the first partition ends, of the image as of the card. Raises RefusedError."""
        there, wanted = _boot_part(bytes(self.device.read(0, UNIT))), _boot_part(first)
        if wanted is None or there is None or (there.start, there.size) != (wanted.start, wanted.size):
            raise RefusedError(
                f"the boot partition of `{self.device.path}` is not where `{self.begun.release}` has it",
                facts=[f"on the card: {_told(there)}", f"in the image: {_told(wanted)}"],
                hint="this board boots from nothing but its card: write it in a reader, nodebake write",
            )
        return wanted.start + wanted.size

    def _differing(self, end: int) -> Iterator[Run]:
        """What differs before block `end`; each group is read, none is taken for strange."""
        for group in groups(0, end):
            comparing = Comparing(self.device, self.wanted)
            for run in comparing.differing(group):
                yield from parts(run, self.wanted)
            self.compared += comparing.compared

    def _boot(self, differing: list[Run], first: bytes) -> None:
        """The table, the first partition, the label: in this order."""
        runs = [run for each in differing for run in _without_table(each)]
        # Zeros need no room.
        held = {run: self.blocks.fetch(run) for run in runs if not self.wanted.is_zero(run.first)}
        self.tell = _to_whoever_listens(self.tell)
        self._take_boot_away()
        self.device.write(0, first[:UNIT])
        self.device.settle()
        total, done = sum(run.size(self.wanted.index.image_size) for run in runs), 0
        for run in runs:
            data = held.get(run) or self.blocks.fetch(run)
            self.device.write(run.start, data)
            done += len(data)
            self.tell("boot", done, total)
        self._read_back(runs)
        self.device.write(UNIT, first[UNIT:])
        self._read_back([TABLE])

    def _take_boot_away(self) -> None:
        """Before the first write the card says that it is not whole; what boots from it stays."""
        if self._boots:
            self.device.write(label.START, label.dump(self.begun))
            self.device.settle()
            self._boots = False


def _to_whoever_listens(tell: Tell) -> Tell:
    def told(phase: str, done: int, total: int) -> None:
        with suppress(BrokenPipeError):
            tell(phase, done, total)

    return told


def _boot_part(sector: bytes) -> Part | None:
    return next((part for part in table.parts(sector[:512]) if part.number == 1), None)


def _told(part: Part | None) -> str:
    return f"{part.size} bytes from byte {part.start} on" if part else "none"


def _without_table(run: Run) -> Iterator[Run]:
    """A run, but for the block of table and label, which have their own time."""
    if run.first:
        yield run
    elif run.count > 1:
        yield Run(1, run.count - 1)
