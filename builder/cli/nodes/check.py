# SPDX-License-Identifier: Apache-2.0
"""`nodebake nodes check`: everything that is wrong with cluster.yaml, and what is odd."""

from __future__ import annotations

from argparse import Namespace

from builder.cli.check import each_problem, told
from builder.cli.project import Project, project_of
from builder.cluster.cluster import Cluster
from builder.cluster.doubts import doubts
from builder.cluster.recipes import check_recipes
from builder.errors import Exit, NodebakeError, Problems
from builder.power import settings
from builder.report.report import Report
from builder.report.units import counted


def run(arguments: Namespace, report: Report) -> Exit:
    project = project_of(arguments)
    try:
        cluster = project.cluster()
        sound(project, cluster)
    except NodebakeError as error:
        if not arguments.json:
            raise
        report.json({"problems": [told(problem) for problem in each_problem(error)], "doubts": []})
        return error.exit
    odd = list(doubts(cluster))
    if arguments.json:
        report.json(
            {"problems": [], "doubts": [{"message": each.message, "hint": each.hint} for each in odd]}
        )
        return Exit.DONE
    for each in odd:
        report.warn(each.message, hint=each.hint)
    report.say(
        f"{counted(len(cluster.nodes), 'node')}, {counted(len(cluster.groups), 'group')}: nothing wrong"
    )
    return Exit.DONE


def sound(project: Project, cluster: Cluster) -> None:
    """Raise Problems with what only others can tell of a cluster: its recipes and its power drivers."""
    problems: list[NodebakeError] = []
    settings.read(cluster, problems)
    check_recipes(cluster, project.sources(), problems)
    if problems:
        raise Problems(problems)
