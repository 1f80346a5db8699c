# SPDX-License-Identifier: Apache-2.0
"""`nodebake head restore FILE`: a fresh head becomes the one that was backed up."""

from __future__ import annotations

import json
from argparse import Namespace

from builder.cli.at_head import at_head
from builder.deploy.remote import command
from builder.errors import Exit, NodebakeError, RecipeError
from builder.report.report import Report


def run(arguments: Namespace, report: Report) -> Exit:
    if not arguments.file.is_file():
        raise RecipeError(
            f"there is no file `{arguments.file}`", hint="name what `nodebake head backup` wrote"
        )
    with at_head(arguments, report) as place, arguments.file.open("rb") as stream:
        told = place.head.feed([*command("restore", "-", sudo=place.sudo), "--json"], stream)
    events = [json.loads(line) for line in told.splitlines() if line.startswith("{")]
    answer = next((event["value"] for event in events if event["event"] == "answer"), None)
    if answer is None:
        raise NodebakeError("the head did not say what came of it", facts=told.splitlines()[-5:])
    if arguments.json:
        report.json(answer)
        return Exit.DONE
    report.data(f"{answer['identities']} nodes have their keys again")
    for label, names in answer["lacking"].items():
        report.data(f"still to be published: {label} to {','.join(names)}")
    return Exit.DONE
