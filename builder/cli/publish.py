# SPDX-License-Identifier: Apache-2.0
"""`nodebake publish RECIPE [NODES]`: sign the release, bring it to the head, and let nodes boot it."""

from __future__ import annotations

from argparse import Namespace

from builder.cli.at_head import at_head
from builder.cli.fleet.hosts import refresh_hosts
from builder.cli.latest import latest
from builder.cli.left_out import warn_of_forgotten
from builder.cli.project import project_of
from builder.deploy.keys import Ring
from builder.deploy.publish import Wish, publish, release_of, signed
from builder.deploy.stock import chosen, stock
from builder.errors import Exit, RecipeError
from builder.report.report import Report


def run(arguments: Namespace, report: Report) -> Exit:
    project = project_of(arguments)
    cluster = project.cluster()
    nodes = chosen(cluster, arguments.nodes)
    warn_of_forgotten(cluster, arguments.nodes, report)
    if arguments.canary and arguments.canary not in {node.name for node in nodes}:
        raise RecipeError(
            f"`--canary {arguments.canary}` is none of the nodes",
            hint="name one of those that you publish to",
        )
    folder = latest(project, arguments.recipe, arguments.release)
    release = release_of(folder, arguments.recipe)
    signed(folder, Ring(project.root), report)
    wish = Wish(tuple(node.name for node in nodes), tuple(_options(arguments)))
    with at_head(arguments, report) as place:
        answer = publish(place.head, folder, stock(cluster), wish, report, sudo=place.sudo)
        if not arguments.dry_run:
            refresh_hosts(place, project)
    if arguments.json:
        report.json(answer)
    elif not arguments.dry_run:
        moved = [node for node in nodes if node.name in answer["nodes"]]
        how = {"copy": ", by full copies: the head's file system has no reflinks", "reflink": ", by reflinks"}
        copied = "".join(how.get(each, "") for each in answer["copied"])
        report.data(f"{cluster.fold(moved)} boots {release.label}{copied}")
        if arguments.canary:
            report.say(f"the others are ready: nodebake publish {arguments.recipe} {cluster.fold(nodes)}")
    return Exit.DONE


def _options(arguments: Namespace) -> list[str]:
    flags = [
        f"--{word.replace('_', '-')}" for word in ("fresh", "older", "dry_run") if getattr(arguments, word)
    ]
    named = [(f"--{word}", getattr(arguments, word)) for word in ("canary", "nfs")]
    return flags + [word for name, value in named if value for word in (name, value)]
