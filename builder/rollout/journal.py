# SPDX-License-Identifier: Apache-2.0
"""The journal of a rollout: `rollouts/ID.jsonl`, format 1. The plan is its first line, then an event a line.

A line is on the disk before what follows from it is done. A last line that a kill has cut short is passed
over, and ended before the next one is written.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from builder.errors import LackingError, NodebakeError
from builder.rollout.event import Event, Reached, Said, Stage, Word
from builder.rollout.plan import Asked, Limits, Plan

FORMAT = 1
SUFFIX = ".jsonl"


@dataclass(frozen=True)
class Journal:
    """One file."""

    path: Path

    @property
    def id(self) -> str:
        return self.path.name.removesuffix(SUFFIX)

    def begin(self, plan: Plan) -> None:
        """Write down the plan; there must be no such journal yet."""
        with _written(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("xb") as stream, ExitStack() as undo:
                undo.callback(self.path.unlink)
                stream.write(_line({"format": FORMAT, **asdict(plan)}))
                stream.flush()
                os.fsync(stream.fileno())
                undo.pop_all()

    def add(self, event: Event) -> None:
        """Write down what has happened."""
        with _written(self.path), self.path.open("r+b") as stream:
            stream.seek(0, os.SEEK_END)
            if stream.tell():
                stream.seek(-1, os.SEEK_END)
                torn = stream.read(1) != b"\n"
                said = {key: value for key, value in asdict(event).items() if value is not None}
                stream.write((b"\n" if torn else b"") + _line(said))
            stream.flush()
            os.fsync(stream.fileno())

    def plan(self) -> Plan:
        """Its plan. Raises NodebakeError for a journal that cannot be read."""
        lines = self.path.read_bytes().splitlines()
        try:
            fields = json.loads(lines[0])
            found = fields.pop("format")
            if found != FORMAT:
                raise NodebakeError(
                    f"the journal `{self.path}` of format `{found}` cannot be read",
                    facts=[f"this nodebake reads format {FORMAT}"],
                    hint="go on with the nodebake that began it",
                )
            fields["waves"] = tuple(tuple(wave) for wave in fields["waves"])
            fields["limits"] = Limits(**fields["limits"])
            # A journal begun by an earlier nodebake says nothing of these.
            fields["cards"] = tuple(fields.get("cards", ()))
            fields["asked"] = Asked(**fields.get("asked", {}))
            return Plan(**fields)
        except (ValueError, KeyError, TypeError, IndexError) as error:
            raise NodebakeError(
                f"the journal `{self.path}` is damaged",
                facts=[f"{type(error).__name__}: {error}"],
                hint="`nodebake status` tells what each node boots; begin a new rollout",
            ) from error

    def asked(self) -> Asked:
        """What it was asked for when it was begun, or when somebody last went on with it."""
        said = [each.asked for each in self.events() if isinstance(each, Said) and each.asked]
        return said[-1] if said else self.plan().asked

    def events(self) -> Iterator[Event]:
        """All that has happened, in order."""
        for line in self.path.read_bytes().splitlines()[1:]:
            try:
                yield _event(json.loads(line))
            except (ValueError, KeyError, TypeError):
                continue


def begun(folder: Path, plan: Plan) -> Journal:
    """A new journal with this plan. It is named by the second in which it begins, and no two by the same one.

    Raises LackingError where it cannot be written.
    """
    while (found := Journal(folder / f"{time.strftime('%Y%m%d-%H%M%S')}{SUFFIX}")).path.exists():
        time.sleep(0.1)
    found.begin(plan)
    return found


def all_of(folder: Path) -> list[Journal]:
    """The journals of a folder, the oldest first: an id begins with its time."""
    return [Journal(path) for path in sorted(folder.glob(f"*{SUFFIX}"))]


@contextmanager
def _written(path: Path) -> Iterator[None]:
    """Tells that a journal cannot be written: then nothing more is done, and what is under way is left."""
    try:
        yield
    except OSError as error:
        raise LackingError(
            f"the journal `{path}` cannot be written: {(error.strerror or str(error)).lower()}",
            hint="see to its disk; a rollout that has begun goes on by: nodebake rollout resume",
        ) from error


def _line(fields: dict[str, Any]) -> bytes:
    return json.dumps(fields, ensure_ascii=True).encode() + b"\n"


def _event(fields: dict[str, Any]) -> Event:
    if "word" in fields:
        asked = Asked(**fields["asked"]) if "asked" in fields else None
        return Said(int(fields["at"]), Word(fields["word"]), asked)
    return Reached(int(fields["at"]), fields["node"], Stage(fields["stage"]), fields.get("why", ""))
