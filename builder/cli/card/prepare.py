# SPDX-License-Identifier: Apache-2.0
"""`nodebake card prepare NODES`: a partition for docker's data on the nodes' cards."""

from __future__ import annotations

from argparse import Namespace

from builder.cli.fleet.crew import crew_of
from builder.cli.fleet.say import told
from builder.errors import Exit
from builder.fleet.node import script
from builder.report.report import Report

_SHARE = 0.8
"""Of a node's time, what making the file system may take."""


def run(arguments: Namespace, report: Report) -> Exit:
    crew = crew_of(arguments)
    # So that the node has the last word, and nothing goes on there when it is no longer waited for.
    limit = max(1, int(arguments.timeout * _SHARE))
    words = ["", "", "prepare", str(limit), *(["format"] if arguments.format else [])]
    outcomes = crew.gather(crew.script(script("card"), *words, within=arguments.timeout))
    return told(outcomes, "the card is ready for docker's data", crew, arguments, report)
