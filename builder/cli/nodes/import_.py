# SPDX-License-Identifier: Apache-2.0
"""`nodebake nodes import`: a table `NUMBER MAC` into cluster.yaml."""

from __future__ import annotations

from argparse import Namespace
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from builder.cli.nodes.rewrite import changed, rewrite
from builder.cli.project import project_of
from builder.cluster.cluster import Cluster
from builder.cluster.edit import Changes, Fields
from builder.cluster.mac_table import Row, parse
from builder.errors import Exit, NodebakeError, Problems, RecipeError
from builder.recipe.document import decode
from builder.report.report import Report
from builder.report.units import counted


def run(arguments: Namespace, report: Report) -> Exit:
    project = project_of(arguments)
    cluster = project.cluster()
    rows = read(arguments.table)
    changes = changes_of(cluster, rows)
    act = changed if arguments.dry_run else rewrite
    act(project, cluster, changes, report)
    same = len(rows) - len(changes.added) - len(changes.changed)
    if arguments.json:
        numbers = [fields["number"] for fields in changes.added]
        report.json({"added": numbers, "completed": list(changes.changed), "same": same})
        return Exit.DONE
    would = "would be " if arguments.dry_run else ""
    added, completed = counted(len(changes.added), "node"), len(changes.changed)
    report.say(f"{added} {would}added, {completed} {would}given a MAC address, {same} the same")
    return Exit.DONE


def read(path: Path) -> list[Row]:
    """The rows of the table; Problems with everything that is wrong with it."""
    problems: list[NodebakeError] = []
    try:
        rows = parse(str(path), decode(str(path), path.read_bytes()), problems)
    except (FileNotFoundError, IsADirectoryError):
        raise RecipeError(
            f"there is no file `{path}`", hint="the table is /pxe/meta/mac_nodes on the head"
        ) from None
    problems += [_twice(path, f"number `{each}`") for each in _repeated(row.number for row in rows)]
    problems += [_twice(path, f"MAC address `{each}`") for each in _repeated(row.mac for row in rows)]
    if problems:
        raise Problems(problems)
    return rows


def changes_of(cluster: Cluster, rows: Sequence[Row]) -> Changes:
    """New nodes, and MAC addresses that were not known; Problems when the table says another one."""
    problems: list[NodebakeError] = []
    added: list[Fields] = []
    completed: dict[int, Fields] = {}
    for row in rows:
        node = cluster.node(row.number)
        if node is None:
            added.append({"number": row.number, "mac": row.mac})
        elif not node.mac:
            completed[row.number] = {"mac": row.mac}
        elif node.mac != row.mac:
            problems.append(
                RecipeError(
                    f"`{node.name}` is `{node.mac}` in cluster.yaml and `{row.mac}` in the table",
                    hint=f"if it has another board now: `nodebake nodes replace {row.number}`",
                )
            )
    if problems:
        raise Problems(problems)
    return Changes(added=tuple(added), changed=completed)


def _repeated(values: Iterable[int | str]) -> list[int | str]:
    return [value for value, count in Counter(values).items() if count > 1]


def _twice(path: Path, what: str) -> RecipeError:
    return RecipeError(f"`{path}` has the {what} twice", hint="keep the line that is right")
