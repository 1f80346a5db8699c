# SPDX-License-Identifier: Apache-2.0
"""`nodebake list`: recipes, a line on each."""

from __future__ import annotations

from argparse import Namespace

from builder.cli.plain import plain
from builder.cli.project import project_of
from builder.errors import Exit, NodebakeError
from builder.report.report import Report


def run(arguments: Namespace, report: Report) -> Exit:
    from builder.recipe.resolve import Summary, summary

    project = project_of(arguments)
    sources = project.sources()
    summaries = []
    for name in project.names():
        try:
            summaries.append(summary(sources, name))
        except NodebakeError:
            # One recipe that cannot be read does not hide the others.
            report.warn(f"recipe `{name}` cannot be read", hint=f"nodebake check {name}")
            summaries.append(Summary(name, "", (), ()))
    if arguments.json:
        report.json(plain(summaries))
        return Exit.DONE
    if not summaries:
        report.say(f"there are no recipes in `{project.root / 'recipes'}`")
    width = max((len(each.name) for each in summaries), default=0)
    for each in summaries:
        report.data(f"{each.name:<{width}}  {each.summary}".rstrip())
    return Exit.DONE
