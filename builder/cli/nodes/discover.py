# SPDX-License-Identifier: Apache-2.0
"""`nodebake nodes discover`: which board is in which place."""

from __future__ import annotations

import asyncio
import sys
from argparse import Namespace
from collections.abc import Mapping, Sequence

from builder.cli.nodes.rewrite import rewrite
from builder.cli.power.plant import Plant, plant_of
from builder.cli.project import project_of
from builder.cluster import ties
from builder.cluster.cluster import Node
from builder.cluster.discovery import Finding, changes, remark
from builder.errors import Exit, RecipeError, RefusedError
from builder.fleet.machine import head_machine
from builder.power.discover import Discovery
from builder.power.log import followed
from builder.power.outlet import State
from builder.power.power_file import LogModel
from builder.power.switchboard import Switchboard, outlet_of
from builder.report.report import Report
from builder.report.table import table
from builder.report.units import counted


def run(arguments: Namespace, report: Report) -> Exit:
    plant = plant_of(arguments, report)
    log = LogModel(file=str(arguments.log)) if arguments.log else plant.power.log
    if log is None:
        hint = "`log: {unit: dnsmasq}` under `power:` in cluster.yaml, or `--log FILE`"
        raise RecipeError("nothing says where dnsmasq's log is", hint=hint)
    nodes = _wired(plant, plant.cluster.select(arguments.nodes))
    findings = asyncio.run(_discover(plant, nodes, log, arguments))
    if findings is None:
        return Exit.DONE
    _answer(plant, findings, as_json=arguments.json)
    written = _write(plant, findings, arguments) if arguments.write else False
    if not written and any(found.news for found in findings):
        hint = "" if arguments.write else "; `--write` writes this into it"
        report.say(f"cluster.yaml stays as it is{hint}")
    return Exit.DONE if all(found.mac for found in findings) else Exit.FAILED


def _wired(plant: Plant, nodes: Sequence[Node]) -> list[Node]:
    """The nodes whose boards ask where we listen."""
    networks = plant.cluster.networks
    others = [node for node in nodes if networks[node.network].wireless]
    if others:
        folded = plant.cluster.fold(others)
        plant.report.warn(f"`{folded}` is left out: it is on Wi-Fi, where another server answers")
    return [node for node in nodes if node not in others]


async def _discover(
    plant: Plant, nodes: Sequence[Node], log: LogModel, arguments: Namespace
) -> list[Finding] | None:
    """What is found; None when it was only to be told what would be done."""
    async with plant.switchboard() as board:
        states = await _states(plant, board, nodes)
        if arguments.dry_run:
            _plan(plant, nodes, states, arguments)
            return None
        cut = _may_be_cut(plant, nodes, states, sure=arguments.yes)
        async with followed(log, plant.reach, head_machine(plant.cluster)) as lines:
            return await Discovery(board, plant.report.say, arguments.wait).run(nodes, cut, lines)


async def _states(plant: Plant, board: Switchboard, nodes: Sequence[Node]) -> Mapping[int, State]:
    asked = await board.ask(outlet_of(node) for node in nodes)
    for fault in asked.faults:
        plant.report.warn(f"the state is not known: {fault.message}", hint=fault.hint)
    return asked.states


def _plan(plant: Plant, nodes: Sequence[Node], states: Mapping[int, State], arguments: Namespace) -> None:
    """What would be done, place by place."""
    off = f"on, until its board has shown itself or {arguments.wait:g} s are over; then off"
    on = "off, then on; it stays on" if arguments.yes else "asks whether its power may be cut"
    plan = [(node, off if states[node.number] is State.OFF else on) for node in nodes]
    rows = [(node.name, str(states[node.number]), would) for node, would in plan]
    if arguments.json:
        plant.report.json([{"name": name, "state": state, "would": would} for name, state, would in rows])
    else:
        plant.report.data("\n".join(table(("NODE", "IS", "WOULD BE"), rows)))


def _may_be_cut(
    plant: Plant, nodes: Sequence[Node], states: Mapping[int, State], *, sure: bool
) -> frozenset[int]:
    """Of the places that are not known to be off, those whose power a person lets us cut."""
    running = [node for node in nodes if states[node.number] is not State.OFF]
    numbers = frozenset(node.number for node in running)
    if not running or sure:
        return numbers
    folded = plant.cluster.fold(running)
    if not sys.stdin.isatty():
        hint = "leave them out, shut them down (`nodebake power off`), or cut them all the same: `--yes`"
        raise RefusedError(f"`{folded}` may be running, and discovering cuts the power", hint=hint)
    plant.report.say(f"`{folded}` may be running, and discovering cuts the power. Cut it? [y/N]")
    return numbers if sys.stdin.readline().strip().lower() in ("y", "yes") else frozenset()


def _answer(plant: Plant, findings: Sequence[Finding], *, as_json: bool) -> None:
    told = [(found, remark(plant.cluster, found)) for found in findings]
    if as_json:
        plant.report.json(
            [
                {
                    "number": found.node.number,
                    "name": found.node.name,
                    "mac": found.mac,
                    "serial": found.serial,
                    "news": found.news,
                    "remark": said,
                }
                for found, said in told
            ]
        )
        return
    rows = [(found.node.name, found.mac or "-", found.serial or "-", said) for found, said in told]
    plant.report.data("\n".join(table(("NODE", "MAC", "SERIAL", ""), rows)))


def _write(plant: Plant, findings: Sequence[Finding], arguments: Namespace) -> bool:
    """Write what is new into cluster.yaml; whether there was anything."""
    wanted = changes(findings)
    if not wanted.changed:
        return False
    rewrite(project_of(arguments), plant.cluster, wanted, plant.report)
    plant.report.say(f"{counted(len(wanted.changed), 'node')} written into cluster.yaml")
    for found in findings:
        if found.node.number in wanted.changed and (tied := ties.of_board(found.node)):
            head = f"what still goes by the former board of `{found.node.name}`:"
            plant.report.say("\n  ".join([head, *tied]))
    return True
