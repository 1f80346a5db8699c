# SPDX-License-Identifier: Apache-2.0
"""`nodebake nodes replace`: another board in the place of one."""

from __future__ import annotations

from argparse import Namespace

from builder.cli.nodes.rewrite import rewrite
from builder.cli.plain import plain
from builder.cli.project import project_of
from builder.cluster import ties
from builder.cluster.edit import Changes
from builder.errors import Exit, RecipeError
from builder.report.report import Report


def run(arguments: Namespace, report: Report) -> Exit:
    project = project_of(arguments)
    cluster = project.cluster()
    chosen = cluster.select(arguments.node)
    if len(chosen) != 1:
        raise RecipeError(
            f"`{arguments.node}` is {len(chosen)} nodes", hint="a board is replaced in one place"
        )
    old = chosen[0]
    given = {"mac": arguments.mac, "serial": arguments.serial, "board": arguments.board}
    fields = {key: value for key, value in given.items() if value is not None}
    new = rewrite(project, cluster, Changes(changed={old.number: fields}), report).node(old.number)
    # The same board again ties nothing to a former one.
    tied = ties.of_board(old) if new and (new.mac, new.serial) != (old.mac, old.serial) else ()
    if arguments.json:
        report.json({"before": plain(old), "node": plain(new), "tied": tied})
    elif new:
        report.say(f"`{new.name}` is now {new.mac}, serial {new.serial}")
        if tied:
            report.say("\n  ".join(["what still goes by the former board:", *tied]))
    return Exit.DONE
