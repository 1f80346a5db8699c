# SPDX-License-Identifier: Apache-2.0
"""The verbs of the inventory."""

from __future__ import annotations

from pathlib import Path

from builder.cli.verb import JSON, Option, Verb, choice, flag, value

FORMATS = ("table", "dnsmasq", "hosts", "clush")


def nodes(nargs: str, help: str) -> Option:
    """Words for nodes: `node[01-03]`, `1-60`, `@barA`."""
    return Option(("nodes",), help, {"metavar": "NODES", "nargs": nargs}, "nodes")


MAC = value("--mac", metavar="MAC", help="MAC address of the board, as `b8:27:eb:01:02:03`")
SERIAL = value("--serial", metavar="SERIAL", help="serial number of the board, 8 or 16 hex digits")
BOARD = value("--board", metavar="BOARD", help="what it is, when it is not the default")

NODES_VERBS = (
    Verb(
        "nodes list",
        "the nodes of cluster.yaml: a line on each",
        ("nodes list", "nodes list @barA", "nodes list 1-3,7 --json"),
        (
            nodes("*", "which; all when none is named"),
            flag("--words", help="only what NODES may be: names and groups, a line each"),
            JSON,
        ),
    ),
    Verb(
        "nodes fold",
        "words for nodes in the shortest form: `node[01-03,07]`",
        ("nodes fold 1-3 7", 'nodes fold "1-3;7;33-51"'),
        (nodes("+", "which"), JSON),
    ),
    Verb(
        "nodes expand",
        "words for nodes as names, a line each",
        ("nodes expand node[01-03]", "nodes expand '@barA!7'"),
        (nodes("+", "which"), JSON),
    ),
    Verb(
        "nodes check",
        "read cluster.yaml and tell all problems",
        ("nodes check",),
        (JSON,),
    ),
    Verb(
        "nodes add",
        "write one more node into cluster.yaml",
        ("nodes add 61 --mac b8:27:eb:01:02:03 --serial 00000000ab010203",),
        (
            Option(("number",), "its number", {"metavar": "NUMBER", "type": int}),
            value("--name", metavar="NAME", help="its name, when that is not `node61`"),
            MAC,
            SERIAL,
            BOARD,
            value("--network", metavar="NETWORK", help="its network, when it is not the default"),
            value("--address", metavar="ADDRESS", help="its address, when it is not the counted one"),
            value("--recipe", metavar="RECIPE", help="what it runs", words="recipe"),
            value("--power", metavar="DRIVER", help="what switches it, when it is not the default"),
            value("--group", metavar="GROUP", help="a group it is in", action="append", default=[]),
            JSON,
        ),
    ),
    Verb(
        "nodes replace",
        "another board in the place of one: write its addresses, and tell what goes by the old ones",
        ("nodes replace 7 --mac b8:27:eb:01:02:03 --serial 00000000ab010203",),
        (
            Option(("node",), "which", {"metavar": "NODE"}, "nodes"),
            value("--mac", metavar="MAC", help="MAC address of the new board", required=True),
            value("--serial", metavar="SERIAL", help="serial number of the new board", required=True),
            value("--board", metavar="BOARD", help="what the new board is, when it is another kind"),
            JSON,
        ),
    ),
    Verb(
        "nodes remove",
        "take nodes out of cluster.yaml, and tell what goes by them",
        ("nodes remove 60", "nodes remove 58-60"),
        (nodes("+", "which"), JSON),
    ),
    Verb(
        "nodes import",
        "take a table of lines `NUMBER MAC` into cluster.yaml",
        ("nodes import mac_nodes", "nodes import mac_nodes --dry-run"),
        (
            Option(("table",), "the table", {"metavar": "TABLE", "type": Path}, "file"),
            flag("--dry-run", help="only tell what would be written"),
            JSON,
        ),
    ),
    Verb(
        "nodes export",
        "the inventory as other programs read it",
        (
            "nodes export > mac_nodes",
            "nodes export --format clush > ~/.config/clustershell/groups.d/local.cfg",
        ),
        (
            nodes("*", "which; all when none is named"),
            choice(
                "--format",
                among=FORMATS,
                default="table",
                help="lines `NUMBER MAC`; dnsmasq's hosts; /etc/hosts; groups for clush (default: table)",
            ),
        ),
    ),
    Verb(
        "nodes discover",
        "power one place after another, and see which board asks for an address",
        ("nodes discover 1-60 --dry-run", "nodes discover @barA --write"),
        (
            nodes("+", "which places"),
            flag("--dry-run", help="only tell what would be done; asks for states, switches nothing"),
            flag("--write", help="write what was found into cluster.yaml"),
            flag("--yes", help="do not ask before the power of a place is cut that is on"),
            value(
                "--log", metavar="FILE", type=Path, words="file", help="dnsmasq's log, when it is this file"
            ),
            value(
                "--wait",
                metavar="SECONDS",
                type=float,
                default=60.0,
                help="how long a board may take from power to its first question (default: 60)",
            ),
            JSON,
        ),
    ),
)
