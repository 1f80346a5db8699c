# SPDX-License-Identifier: Apache-2.0
"""`nodebake rollout RECIPE NODES`: nodes to systems on their own cards, wave by wave."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from contextlib import ExitStack

from builder.cli.at_head import AtHead, at_head
from builder.cli.fleet.crew import Crew
from builder.cli.fleet.free import refuse_unless_free
from builder.cli.fleet.hosts import refresh_hosts
from builder.cli.project import Project, project_of
from builder.cli.rollout.conduct import Conduct
from builder.cli.rollout.journals import FOLDER
from builder.cli.rollout.target import Target, aimed
from builder.cli.rollout.tell import as_json, rows, summary
from builder.cli.rollout.wish import asked_of, wish_of
from builder.cluster.cluster import Cluster, Node
from builder.deploy.cluster_lock import cluster_lock
from builder.deploy.holds import who
from builder.deploy.keys import Ring
from builder.deploy.publish import bring_stock, give, signed
from builder.deploy.stock import stock
from builder.errors import Exit, NodebakeError
from builder.fleet.order import Order
from builder.report.report import Report
from builder.rollout.course import Course, Verdict
from builder.rollout.journal import Journal, begun
from builder.rollout.orders import Wish
from builder.rollout.plan import Limits, Plan, waves

_PATIENCE = 30.0


def run(arguments: Namespace, report: Report) -> Exit:
    """The rollout: what it would do, and with `--yes` it does it."""
    project = project_of(arguments)
    cluster = project.cluster()
    nodes, target = aimed(arguments, project, cluster, report)
    wish = wish_of(asked_of(arguments), project, target.image_folder)
    canaries = [node.name for node in cluster.select(arguments.canary)] if arguments.canary else []
    planned = waves([node.name for node in nodes], canaries, arguments.wave)
    if not arguments.yes:
        for number, wave in enumerate(planned, 1):
            report.data(f"wave {number}: {cluster.fold([n for n in nodes if n.name in wave])}")
        report.say(f"each is flashed with {target.image}; with --yes this is done")
        return Exit.DONE
    limits = Limits(arguments.success / 100, arguments.failures)
    return begin(arguments, report, project, nodes, target, wish, planned, limits)


def begin(
    arguments: Namespace,
    report: Report,
    project: Project,
    nodes: Sequence[Node],
    target: Target,
    wish: Wish,
    planned: tuple[tuple[str, ...], ...],
    limits: Limits,
) -> Exit:
    """Bring the releases to the head, write the plan down, and carry it out."""
    cluster = project.cluster()
    for folder in (target.flasher_folder, target.image_folder):
        signed(folder, Ring(project.root), report)
    with ExitStack() as stack:
        head = stack.enter_context(at_head(arguments, report))
        what = f"deploy {target.recipe}"
        stack.enter_context(cluster_lock(head.head, what, who(), sudo=head.sudo))
        refuse_unless_free(arguments, nodes, report)
        crew = Crew(project, cluster, tuple(nodes))
        if target.from_card:
            known, before = "", on_cards(crew, target.flasher)
        else:
            known = prepared(head, cluster, nodes, target, report)
            refresh_hosts(head, project)
            before = formers(head, nodes)
        plan = Plan(target.image, target.flasher, planned, limits, *before, wish.asked)
        journal = begun(project.root / FOLDER, plan)
        report.say(
            f"rollout {journal.id}; killed, it is gone on with by: nodebake rollout resume {journal.id}"
        )
        course = Conduct(crew, head, known, wish, report).run(journal)
    return answer(arguments, report, journal, course)


def prepared(head: AtHead, cluster: Cluster, nodes: Sequence[Node], target: Target, report: Report) -> str:
    """Have the head hold both releases; where it has the inventory, as a file of its user."""
    known = bring_stock(head.head, stock(cluster))
    words = ["--inventory", known, "--nodes", ",".join(node.name for node in nodes)]
    for folder in (target.flasher_folder, target.image_folder):
        give(head.head, folder, "take", words, report, sudo=head.sudo)
    return known


def formers(head: AtHead, nodes: Sequence[Node]) -> tuple[dict[str, str], tuple[str, ...]]:
    """What each node runs, and which of them from their cards: the others what the head gives them."""
    booted = {each["node"]: each["release"] for each in head.value("status")["nodes"]}
    cards = {name: each["release"] for name, each in head.value("cards")["cards"].items()}
    runs = {node.name: cards.get(node.name) or booted.get(node.name, "") for node in nodes}
    return runs, tuple(node.name for node in nodes if node.name in cards)


def on_cards(crew: Crew, flasher: str) -> tuple[dict[str, str], tuple[str, ...]]:
    """What nodes run that boot from nothing but their cards, as they say. Raises NodebakeError.

    One that was left in the flasher has nothing else any more.
    """
    outcomes = crew.gather(Order("cat /etc/nodebake/release", within=_PATIENCE))
    silent = [f"{each.name}: {each.trouble}" for each in outcomes if not each.well]
    if silent:
        raise NodebakeError(
            "some of the nodes do not say what they run",
            facts=silent,
            hint="they can be flashed over ssh alone; else write their cards in a reader: nodebake write",
        )
    said = {each.name: each.stdout.strip() for each in outcomes}
    names = tuple(node.name for node in crew.nodes)
    recipe = flasher.partition("/")[0]
    return {name: "" if said[name].partition("/")[0] == recipe else said[name] for name in names}, names


def answer(arguments: Namespace, report: Report, journal: Journal, course: Course) -> Exit:
    """How it went. Raises NodebakeError where not all have arrived."""
    if arguments.json:
        report.json(as_json(course, journal.id))
    else:
        for row in rows(course):
            report.data(row)
    if len(course.done) == len(course.plan.nodes):
        report.say(summary(course))
        return Exit.DONE
    hints = {
        Verdict.STOPPED: f"look at them, then: nodebake rollout resume {journal.id}",
        Verdict.PAUSED: f"nodebake rollout resume {journal.id}",
    }
    facts = [f"{name}: {course.progress[name].why}" for name in course.wrong]
    raise NodebakeError(summary(course), facts=facts[:10], hint=hints.get(course.verdict))
