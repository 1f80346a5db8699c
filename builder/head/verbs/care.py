# SPDX-License-Identifier: Apache-2.0
"""The verbs of `nodebake-head` that look after the head itself."""

from __future__ import annotations

import os
import time
from argparse import Namespace
from collections import Counter
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import IO, TYPE_CHECKING

from builder.errors import Exit, NodebakeError
from builder.head.boots import adopt as adopting
from builder.head.boots import publish
from builder.head.boots import settle as settling
from builder.head.ground import files, lock
from builder.head.ground.operation import carry_out
from builder.head.node import inventory
from builder.head.served import fragments, netconsole
from builder.head.served import logs as logging
from builder.head.upkeep import backup as archive
from builder.head.upkeep import boot_trace
from builder.head.upkeep import doctor as doctoring

if TYPE_CHECKING:
    from builder.head.ground.layout import Layout
    from builder.head.ground.voice import Voice


def doctor(layout: Layout, asked: Namespace, voice: Voice) -> Exit:
    """What is wrong, and what to do about it."""
    known = inventory.load(layout)
    patient = doctoring.look(layout, known, asked.nfs or fragments.server_here())
    found = list(doctoring.findings(patient))
    text = [f"{each.level}: {each.about}: {each.what}\n  hint: {each.hint}" for each in found]
    voice.answer([asdict(each) for each in found], text or ["nothing is wrong that this can see"])
    return Exit.FAILED if any(each.level == "bad" for each in found) else Exit.DONE


def backup(layout: Layout, asked: Namespace, voice: Voice) -> Exit:
    """Write what makes this head this head into one archive."""
    with ExitStack() as stack:
        stack.enter_context(lock.held(layout, "backup"))
        assignments = archive.write(layout, _sink(asked.file, stack), releases=asked.releases)
    counts = Counter(assignments.values())
    rows = [f"{label} for {count} nodes" for label, count in sorted(counts.items())]
    voice.answer({"assignments": assignments}, rows)
    return Exit.DONE


def restore(layout: Layout, asked: Namespace, voice: Voice) -> Exit:
    """Take such an archive, and let nodes boot what they booted, as far as the releases are here."""
    with ExitStack() as stack:
        stack.enter_context(lock.held(layout, "restore"))
        stream = stack.enter_context(_source(asked.file))
        restored = archive.read(layout, stream)
        known = inventory.load(layout)
        server = asked.nfs or fragments.server_here()
        lacking: dict[str, list[str]] = {}
        for label in sorted(set(restored.assignments.values())):
            names = [name for name, each in restored.assignments.items() if each == label]
            source = layout.releases / label
            if not source.is_dir():
                source = archive.incoming(layout) / label
            try:
                nodes = known.select(names)
                planned = publish.plan(layout, known, publish.Request(source, nodes, server))
                carry_out(planned.operations, voice.tell, dry=False)
            except NodebakeError as error:
                voice.warn(f"{label} is not published: {error.message}")
                lacking[label] = names
        on_cards = settling.restored(layout, known, restored.cards, int(time.time()), server)
        carry_out(on_cards.operations, voice.tell, dry=False)
        if not lacking:
            files.remove(archive.incoming(layout))
    answer = {"identities": restored.identities, "assignments": restored.assignments, "lacking": lacking}
    text = [f"{restored.identities} identities"]
    text += [f"publish {label} to {','.join(names)}" for label, names in lacking.items()]
    voice.answer(answer, text)
    return Exit.DONE


def adopt(layout: Layout, asked: Namespace, voice: Voice) -> Exit:
    """Make a release of a root that was made by hand."""
    boards = tuple(word for word in asked.boards.split(",") if word)
    with lock.held(layout, "adopt"):
        operation = adopting.Adopt(
            layout, asked.name, asked.root.absolute(), asked.boot.absolute(), boards, int(time.time())
        )
        voice.tell(operation.describe())
        place = operation.run()
    voice.answer({"release": str(place)}, [str(place)])
    return Exit.DONE


def logs(layout: Layout, asked: Namespace, voice: Voice) -> Exit:
    """What a node has told."""
    (node,) = inventory.load(layout).select([asked.node])
    read = logging.console if asked.kernel else logging.journal
    lines = read(node, asked.lines)
    if not lines:
        what = "its kernel sent nothing by netconsole" if asked.kernel else "it has uploaded no journal"
        raise NodebakeError(
            f"there is nothing of {node.name}",
            facts=[what],
            hint="`nodebake doctor` tells how far it came; before there is a journal: --kernel",
        )
    voice.answer(lines, lines)
    return Exit.DONE


def starts(layout: Layout, asked: Namespace, voice: Voice) -> Exit:
    """How often nodes have begun to boot over the network since then."""
    found = boot_trace.starts(inventory.load(layout), logging.dnsmasq(asked.since))
    voice.answer(found, [f"{name} {count}" for name, count in found.items()])
    return Exit.DONE


def console(layout: Layout, _: Namespace, __: Voice) -> Exit:
    """Take what kernels say, until somebody ends it: a service."""
    netconsole.serve(netconsole.Writer(layout), netconsole.listen())
    return Exit.DONE


def _source(name: str) -> IO[bytes]:
    return os.fdopen(os.dup(0), "rb") if name == "-" else Path(name).open("rb")


def _sink(name: str, stack: ExitStack) -> IO[bytes]:
    """The archive's stream; a file is nobody else's to read, for it holds keys."""
    if name == "-":
        return stack.enter_context(os.fdopen(os.dup(1), "wb"))
    path = Path(name)
    path.touch(mode=0o600, exist_ok=False)
    # Half of one holds keys, and would be in the way of the next.
    stack.push(lambda kind, *_: path.unlink(missing_ok=True) if kind else None)
    return stack.enter_context(path.open("wb"))
