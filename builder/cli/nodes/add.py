# SPDX-License-Identifier: Apache-2.0
"""`nodebake nodes add`: one more node."""

from __future__ import annotations

from argparse import Namespace

from builder.cli.nodes.rewrite import rewrite
from builder.cli.plain import plain
from builder.cli.project import project_of
from builder.cluster.edit import Changes
from builder.errors import Exit, RecipeError
from builder.report.report import Report

_KEYS = ("number", "name", "mac", "serial", "board", "network", "address", "recipe", "power")


def run(arguments: Namespace, report: Report) -> Exit:
    project = project_of(arguments)
    cluster = project.cluster()
    there = cluster.node(arguments.number)
    if there:
        raise RecipeError(
            f"there is a node {arguments.number} already: `{there.name}`",
            hint=f"for another board in its place: `nodebake nodes replace {arguments.number}`",
        )
    given = {key: getattr(arguments, key) for key in _KEYS}
    fields = {key: value for key, value in given.items() if value is not None}
    if arguments.group:
        fields["groups"] = arguments.group
    new = rewrite(project, cluster, Changes(added=(fields,)), report).node(arguments.number)
    if arguments.json:
        report.json(plain(new))
    elif new:
        report.say(f"added `{new.name}`: {new.board}, {new.address}, {new.mac or 'MAC address not known'}")
    return Exit.DONE
