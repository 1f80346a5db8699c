# SPDX-License-Identifier: Apache-2.0
"""`nodebake check`: parse and validate, and tell all problems at once."""

from __future__ import annotations

from argparse import Namespace

from builder.cli.plain import plain
from builder.cli.project import project_of
from builder.errors import Exit, NodebakeError, Problems
from builder.report.report import Report


def run(arguments: Namespace, report: Report) -> Exit:
    from builder.recipe.resolve import check

    project = project_of(arguments)
    names = tuple(arguments.recipes) or project.names()
    try:
        check(project.sources(), names)
    except NodebakeError as error:
        if not arguments.json:
            raise
        # A program reads the problems from stdout; the exit code is the same as for a person.
        report.json({"recipes": names, "problems": [told(problem) for problem in each_problem(error)]})
        return error.exit
    if arguments.json:
        report.json({"recipes": names, "problems": []})
    else:
        report.say(f"{', '.join(names) or 'no recipe'}: nothing wrong")
    return Exit.DONE


def each_problem(error: NodebakeError) -> tuple[NodebakeError, ...]:
    """The problems that an error is."""
    return error.problems if isinstance(error, Problems) else (error,)


def told(problem: NodebakeError) -> dict[str, object]:
    """A problem for programs."""
    return {
        "message": problem.message,
        "facts": list(problem.facts),
        "hint": problem.hint,
        "place": plain(problem.place),
    }
