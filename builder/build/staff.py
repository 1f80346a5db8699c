# SPDX-License-Identifier: Apache-2.0
"""Workers for what is to be done in the store, each told how this machine's programs run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from builder.build.workshop import Workshop, interpreter
from builder.host.worker import Worker

_MODULE = "builder.build.worker"


@contextmanager
def worker_for(
    architecture: str, workshop: Workshop, folders: Mapping[str, Path], *, terminal: bool = False
) -> Iterator[Worker]:
    """A worker that can run programs of `architecture`; it sees the store and `folders`.

    With `terminal` it gets this process's standard streams too, to hand them on.
    """
    foreign = interpreter(workshop, architecture)
    shown = {"store": workshop.store.root, **folders}
    with Worker(_MODULE, workshop.ids, shown, terminal=terminal) as worker:
        worker.tell(
            {
                "architecture": architecture,
                "machine": workshop.machine,
                "emulator": foreign.emulator if foreign else "",
                "dispatcher": foreign.dispatcher if foreign else "",
                "jobs": workshop.jobs,
            }
        )
        yield worker
