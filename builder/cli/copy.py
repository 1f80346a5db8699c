# SPDX-License-Identifier: Apache-2.0
"""`nodebake copy FILE… NODES`: files and folders to nodes."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from builder.cli.fleet.crew import crew_of
from builder.cli.fleet.say import told
from builder.errors import Exit, RecipeError
from builder.fleet.copy import AT_ONCE, CONTENT, Load, unpacking
from builder.host.scratch import scratch
from builder.report import units
from builder.report.report import Report


def run(arguments: Namespace, report: Report) -> Exit:
    *names, words = arguments.sources
    if not names:
        raise RecipeError("`copy` wants files and nodes", hint="nodebake copy model.R @barA")
    load = Load.of([Path(name) for name in names])
    crew = crew_of(arguments, [words])
    folder = arguments.to or CONTENT
    with scratch("copy") as folder_here:
        archive = folder_here / "load.tar"
        load.pack(archive)
        order = unpacking(archive, folder, arguments.timeout)
        outcomes = crew.with_fleet(lambda fleet: fleet.gather(crew.machines, order, at_once=AT_ONCE))
    what = f"{units.counted(load.files, 'file')}, {units.size(load.size)} in {folder}"
    return told(outcomes, what, crew, arguments, report)
