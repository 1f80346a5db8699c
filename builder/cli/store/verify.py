# SPDX-License-Identifier: Apache-2.0
"""`nodebake store verify`: whether everything in the store is what it was."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict, dataclass

from builder.build.staff import worker_for
from builder.build.workshop import Workshop, open_workshop
from builder.cli.store.ls import numbers
from builder.errors import Exit
from builder.host.worker import Worker
from builder.release.checksums import file_sha256
from builder.report.report import Report
from builder.report.units import counted
from builder.store import hold
from builder.store.held import fetched, objects, strangers
from builder.store.store import Store


@dataclass(frozen=True)
class Unsound:
    """What is not what it was: `what` is `object`, `deb` or `blob`; `faults` some words each."""

    what: str
    id: str
    label: str
    faults: tuple[str, ...]

    def __str__(self) -> str:
        name = " ".join(part for part in (self.what, self.id[:12], self.label) if part)
        return "\n".join([name, *(f"  {fault}" for fault in self.faults)])


def run(arguments: Namespace, report: Report) -> Exit:
    workshop = open_workshop()
    store = workshop.store
    holding = hold.alone(store.root) if arguments.repair else hold.shared(store.root, lambda: None)
    with holding, worker_for(workshop.machine, workshop, {}) as worker:
        total = len(objects(store))
        unsound = [*_objects(worker, workshop, report), *_fetched(store)]
        partly = strangers(store) if arguments.repair else []
        if arguments.repair:
            _repair(worker, store, unsound)
            for path in partly:
                path.unlink(missing_ok=True)
        leftovers = worker.ask({"store": {"leftovers": True, "clear": arguments.repair}})
    sound = arguments.repair or not unsound
    if arguments.json:
        told = {"sound": sound, "unsound": [asdict(each) for each in unsound], "leftovers": leftovers}
        report.json(told)
        return Exit.DONE if sound else Exit.FAILED
    for each in unsound:
        report.data(str(each))
    if leftovers:
        whose = "removed" if arguments.repair else "`--repair` removes it"
        report.say(f"{counted(len(leftovers), 'interrupted build')} left something in tmp/: {whose}")
    if arguments.repair and unsound:
        report.say(f"{counted(len(unsound), 'thing')} removed; the next build makes or fetches them again")
    elif unsound:
        report.say("`nodebake store verify --repair` removes them, and the next build makes them again")
    else:
        report.say(f"{numbers(total, fetched(store))}: all sound")
    return Exit.DONE if sound else Exit.FAILED


def _objects(worker: Worker, workshop: Workshop, report: Report) -> list[Unsound]:
    found = []
    held = objects(workshop.store)
    with report.bytes_bar("verifying", sum(each.size for each in held)) as bar:
        for each in held:
            faults = worker.ask({"store": {"verify": each.id}})
            if faults:
                found.append(Unsound("object", each.id, f"{each.kind}  {each.label}", tuple(faults)))
            bar.advance(each.size)
    return found


def _fetched(store: Store) -> list[Unsound]:
    found = []
    for file in fetched(store):
        try:
            sound = file_sha256(store.fetched(file.kind, file.sha256)) == file.sha256
            wrong = "" if sound else "its content has changed"
        except OSError as error:
            wrong = (error.strerror or str(error)).lower()
        if wrong:
            found.append(Unsound(file.kind, file.sha256, "", (wrong,)))
    return found


def _repair(worker: Worker, store: Store, unsound: list[Unsound]) -> None:
    worker.ask({"store": {"remove": [each.id for each in unsound if each.what == "object"]}})
    for each in unsound:
        if each.what != "object":
            store.fetched(each.what, each.id).unlink()
