# SPDX-License-Identifier: Apache-2.0
"""The verbs of power."""

from __future__ import annotations

from pathlib import Path

from builder.cli.head.verbs import FORCE, HEAD
from builder.cli.nodes.verbs import nodes
from builder.cli.verb import JSON, Option, Verb, choice, flag, value
from builder.head.client.dialect import NODES

NOW = flag("--now", help="cut the power at once, without a shutdown")


def _number(name: str, default: float, help: str, metavar: str = "SECONDS", type: type = float) -> Option:
    return value(name, metavar=metavar, type=type, default=default, help=f"{help} (default: {default:g})")


POWER_VERBS = (
    Verb(
        "power status",
        "which nodes are on, as what switches them says now",
        ("power status", "power status @barA --json"),
        (nodes("*", "which; all when none is named"), JSON),
    ),
    Verb(
        "power on",
        "switch nodes on, staggered, and cycle stragglers until they are up",
        ("power on @all", "power on 1-16,31-60"),
        (nodes("+", "which"), JSON),
    ),
    Verb(
        "power off",
        "shut nodes down over ssh, then cut their power",
        ("power off node07", "power off @barA --now"),
        (nodes("+", "which"), NOW, FORCE, *HEAD),
    ),
    Verb(
        "power cycle",
        "nodes off as `power off` does it, and on again as `power on` does it",
        ("power cycle node07", "power cycle 7,12 --now"),
        (nodes("+", "which"), NOW, FORCE, *HEAD),
    ),
    Verb(
        "power shutdown",
        "all nodes off, then the head, then the mains",
        ("power shutdown",),
        (flag("--now", help="cut the nodes' power at once, without a shutdown; the head gets one"), JSON),
    ),
    Verb(
        "power mains",
        "what feeds the whole module; it is not cut while the head runs",
        ("power mains status", "power mains on"),
        (choice("action", among=("status", "on", "off"), help="what to do"), JSON),
    ),
    Verb(
        "power simulate",
        "a control plane to try things on; on ^C it tells what clients did wrong",
        ("power simulate --port 1236", "power simulate --silent 0.05 --wrong 0.05 --log /tmp/dnsmasq.log"),
        (
            value(
                "--host", metavar="ADDRESS", default="127.0.0.1", help="where to listen (default: 127.0.0.1)"
            ),
            _number("--port", 0, "port to listen at; 0 takes a free one", "PORT", int),
            _number("--nodes", NODES, "how many nodes it has", "N", int),
            _number("--slow", 0.01, "how long each reply takes"),
            _number("--silent", 0, "share of commands without a reply, 0 to 1", "SHARE"),
            _number("--wrong", 0, "share of commands with a wrong reply", "SHARE"),
            _number("--drop", 0, "share of commands after which the connection ends", "SHARE"),
            value("--dead", metavar="NODES", default="", help="nodes that stay off, as in `3,7-9`"),
            _number("--seed", 1, "the same seed gives the same faults", "N", int),
            value(
                "--log",
                metavar="FILE",
                type=Path,
                words="file",
                help="append what dnsmasq would log of the nodes that boot",
            ),
            _number("--boot", 20, "how long a node boots, give or take a quarter"),
            _number("--together", 3, "how many nodes that ask at once are served", "N", int),
        ),
    ),
)
