# SPDX-License-Identifier: Apache-2.0
"""The verbs that log in to nodes."""

from __future__ import annotations

from pathlib import Path

from builder.cli.head.verbs import HEAD, JUMP
from builder.cli.nodes.verbs import nodes
from builder.cli.verb import JSON, Option, Verb, choice, flag, value
from builder.recipe import docker_strategy

STRATEGIES = docker_strategy.of("netboot")


def within(default: float) -> Option:
    return value(
        "--timeout",
        metavar="SECONDS",
        type=float,
        default=default,
        help=f"what each node may take (default: {default:g})",
    )


FLEET_VERBS = (
    Verb(
        "run",
        "run a command on nodes, all at once; equal outputs are shown once",
        (
            "run @barA -- uptime",
            "run 1-16 --timeout 600 -- 'sudo apt-get update && sudo apt-get -y upgrade'",
            "run @all -- - < script.sh",
        ),
        (
            nodes("+", "which"),
            within(60),
            flag("--each", help="each node's output by itself, when it comes"),
            JUMP,
            JSON,
        ),
        command="COMMAND …",
    ),
    Verb(
        "copy",
        "copy files and folders to nodes, to their content directories if no other place is named",
        ("copy simulation @barA", "copy model.R data 1-16 --to /opt/individual_content/run7"),
        (
            Option(
                ("sources",),
                "files and folders, then NODES as the last word",
                {"metavar": "FILE", "nargs": "+"},
                "file",
            ),
            value(
                "--to", metavar="DIR", help="a folder on the nodes (default: the node's content directory)"
            ),
            within(600),
            JUMP,
            JSON,
        ),
    ),
    Verb(
        "temperature",
        "how warm nodes are, as they stand in the rack: bars and places",
        ("temperature", "temperature @barA --json"),
        (nodes("*", "which; all when none is named"), within(5), JUMP, JSON),
    ),
    Verb(
        "hold",
        "keep nodes from being switched off, deployed to or rolled out to; alone, tell which are held",
        (
            "hold node07 --until 2026-12-04 --reason measures",
            "hold",
        ),
        (
            nodes("*", "which; without, those that are held are told"),
            value("--reason", metavar="TEXT", default="", help="why, for those who want to switch them off"),
            value(
                "--until",
                metavar="DATE",
                default="",
                help="as in 2026-12-04T18:00; else for good",
            ),
            *HEAD,
        ),
    ),
    Verb(
        "card status",
        "the cards in nodes' slots: size, what is on them, whether a node would boot from it",
        ("card status @barA", "card status node07 --json"),
        (nodes("*", "which; all when none is named"), within(20), JUMP, JSON),
    ),
    Verb(
        "card prepare",
        "a partition for docker's data on nodes' cards, where they are empty",
        ("card prepare @barA", "card prepare node07 --format"),
        (
            nodes("+", "which"),
            flag("--format", help="also a card that is not empty: what is on it is gone then"),
            within(300),
            JUMP,
            JSON,
        ),
    ),
    Verb(
        "docker install",
        "docker on nodes whose root was made by hand, its data where `--strategy` says",
        ("docker install node02 --strategy card", "docker install @barA --strategy loop"),
        (
            nodes("+", "which"),
            choice("--strategy", among=STRATEGIES, default="loop", help="where its data lie (default: loop)"),
            value(
                "--folder",
                metavar="IP:/PATH",
                help="a folder of the head for what lies there; NODE in it is the node's name",
            ),
            within(1800),
            JUMP,
            JSON,
        ),
    ),
    Verb(
        "docker remove",
        "take off again what `docker install` brought; the data stay",
        ("docker remove node02",),
        (nodes("+", "which"), within(600), JUMP, JSON),
    ),
    Verb(
        "docker load",
        "bring an image that `docker save` wrote to nodes, without a registry",
        ("docker load model.tar @barA",),
        (
            Option(("image",), "the file", {"metavar": "IMAGE.tar", "type": Path}, "file"),
            nodes("+", "which"),
            within(1800),
            JUMP,
            JSON,
        ),
    ),
    Verb("release", "hold nodes no longer", ("release node07",), (nodes("+", "which"), *HEAD)),
)
