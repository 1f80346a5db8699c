# SPDX-License-Identifier: Apache-2.0
"""`nodebake card status [NODES]`: what is in the nodes' slots."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict

from builder.cli.fleet.crew import crew_of
from builder.cli.fleet.say import ending
from builder.errors import Exit
from builder.fleet.card import read, words
from builder.fleet.node import script
from builder.report.report import Report


def run(arguments: Namespace, report: Report) -> Exit:
    crew = crew_of(arguments)
    outcomes = crew.gather(crew.script(script("card"), "", "", "status", within=arguments.timeout))
    cards = [(each.name, read(each)) for each in outcomes]
    if arguments.json:
        report.json([{"node": name, "card": asdict(card) if card else None} for name, card in cards])
    else:
        found = [f"{name}  {', '.join(words(card))}" for name, card in cards if card]
        report.data("\n".join(found or ["no node tells of a card"]))
    return ending(outcomes, report, shown=False)
