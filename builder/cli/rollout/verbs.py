# SPDX-License-Identifier: Apache-2.0
"""The verbs that move nodes to systems on their own cards."""

from __future__ import annotations

from pathlib import Path

from builder.cli.head.verbs import HEAD
from builder.cli.nodes.verbs import nodes
from builder.cli.verb import JSON, Option, Verb, flag, value
from builder.rollout.orders import MANY
from builder.rollout.plan import TRANSPORTS, UP_SECONDS

_RECIPE = Option(("recipe",), "name of a recipe with an image", {"metavar": "RECIPE"}, "recipe")
_ROLLOUT = Option(
    ("rollout",), "which, as `rollout history` lists it", {"metavar": "ID", "nargs": "?", "default": ""}
)
_FORCE = flag("--force", help="also nodes that are held or busy")
_UP_WITHIN = value(
    "--up-within",
    metavar="SECONDS",
    type=float,
    help=f"how long a node may take to come up ({UP_SECONDS:g} when nobody has said)",
)
# Without defaults: what was said when a rollout was begun holds for who goes on with it.
_WISH = (
    value("--check", metavar="CMD", help="a node is well when this ends with 0 there, as root"),
    flag("--take-card", help="also cards whose content is not ours"),
    flag("--keep-data", help="leave docker's partition on the card as it is"),
    flag("--older", help="also a release older than the one on the card"),
    Option(
        ("--transport",),
        f"where nodes take the image from: the head (http), or also each other (swarm); auto: from {MANY} "
        "nodes of a wave on, also each other (auto when nobody has said)",
        {"choices": TRANSPORTS},
    ),
    _UP_WITHIN,
)
_FROM = value("--release", metavar="DIR", type=Path, words="directory", help="not the latest, but this")
_YES = flag("--yes", help="do it; without this it is only told what would be done")

ROLLOUT_VERBS = (
    Verb(
        "deploy",
        "an image onto nodes' own cards, over ssh: each is tried before its card boots by itself",
        ("deploy docker-sdcard node02", "deploy docker-sdcard node[02-05] --check /srv/is-well"),
        (_RECIPE, nodes("+", "which"), _FROM, _FORCE, *_WISH, *HEAD),
    ),
    Verb(
        "rollout",
        "move many nodes to an image on their own cards: canaries first, then wave by wave",
        (
            "rollout docker-sdcard @all --canary node02",
            "rollout docker-sdcard @all --canary node02 --wave 15 --yes",
        ),
        (
            _RECIPE,
            nodes("*", "which; all that can boot over the network when none is named"),
            value("--canary", metavar="NODES", action="append", default=[], help="who goes first, alone"),
            value("--wave", metavar="N", type=int, default=8, help="nodes in a wave (default: 8)"),
            value(
                "--success",
                metavar="PERCENT",
                type=int,
                default=100,
                help="how much of a wave must arrive before the next one begins (default: 100)",
            ),
            value(
                "--failures",
                metavar="N",
                type=int,
                default=0,
                help="nodes that may fail in all before no more are begun (default: 0)",
            ),
            _YES,
            _FROM,
            _FORCE,
            *_WISH,
            *HEAD,
        ),
        room="rollout.begin",
    ),
    Verb(
        "rollout resume",
        "go on after a pause, a kill, or failures that were looked at, as it was begun",
        ("rollout resume", "rollout resume 20260901-120000"),
        (_ROLLOUT, *_WISH, *HEAD),
    ),
    Verb("rollout pause", "begin no more nodes; those under way arrive", ("rollout pause",), (_ROLLOUT,)),
    Verb("rollout abort", "those under way go back, and no more are begun", ("rollout abort",), (_ROLLOUT,)),
    Verb("rollout status", "where each node is", ("rollout status",), (_ROLLOUT, JSON)),
    Verb("rollout history", "a line on each rollout", ("rollout history",), (JSON,)),
    Verb(
        "rollout undo",
        "take the nodes that arrived back to what they booted before",
        ("rollout undo --yes",),
        (_ROLLOUT, _YES, _FORCE, _UP_WITHIN, *HEAD),
    ),
)
