# SPDX-License-Identifier: Apache-2.0
"""The verbs that speak with the head, and those of the keys that it trusts."""

from __future__ import annotations

from pathlib import Path

from builder.cli.nodes.verbs import nodes
from builder.cli.verb import JSON, Option, Verb, choice, flag, value

HEAD = (
    value("--head", metavar="USER@HOST", help="where the head is (default: as cluster.yaml says)"),
    flag("--here", help="this machine is the head"),
    JSON,
)
JUMP = flag("--jump", help="by way of the head (`ssh: {through_head: true}` says so for good)")
NO_NODES = flag("--no-nodes", help="ask the head only, and log in to no node")
FORCE = flag("--force", help="also nodes that are held or busy")
DRY_RUN = flag("--dry-run", help="only tell what would be done")
SERVER = choice("--nfs", among=("kernel", "ganesha"), help="the head's NFS server (default: what it has)")


def _name(word: str, help: str) -> Option:
    return Option((word,), help, {"metavar": word.upper()})


def _file(help: str) -> Option:
    return Option(("file",), help, {"metavar": "FILE", "type": Path}, "file")


HEAD_VERBS = (
    Verb(
        "publish",
        "let nodes boot the release that was built last",
        (
            "publish minimal-netboot node02 --dry-run",
            "publish minimal-netboot @all --canary node02",
            "publish minimal-netboot node[01-15] --release out/minimal-netboot/20260901-0a1b2c3d",
        ),
        (
            Option(("recipe",), "name of a recipe", {"metavar": "RECIPE"}, "recipe"),
            nodes("*", "which; all that can boot over the network when none is named"),
            value("--release", metavar="DIR", type=Path, words="directory", help="not the latest, but this"),
            value("--canary", metavar="NODE", default="", help="prepare all, and switch this one only"),
            flag("--fresh", help="start roots of nodes' own anew, also of the release that they boot"),
            flag("--older", help="also a release that is older than the one they boot"),
            DRY_RUN,
            SERVER,
            *HEAD,
        ),
    ),
    Verb(
        "rollback",
        "let nodes boot what they booted before, at their next boot",
        ("rollback node02", "rollback node02 --restart", "rollback @barA --to 20260901-0a1b2c3d"),
        (
            nodes("+", "which"),
            value("--to", metavar="VERSION", default="", help="not the former release, but this"),
            flag("--restart", help="shut them down and cut their power, so that they boot it now"),
            FORCE,
            DRY_RUN,
            *HEAD,
        ),
    ),
    Verb("status", "what each node boots, and how it is", ("status", "status @barA", "status --no-nodes"),
         (nodes("*", "which; all when none is named"), NO_NODES, JUMP, *HEAD)),
    Verb(
        "drift",
        "what nodes have changed in roots of their own",
        ("drift node02",),
        (
            nodes("*", "which; all when none is named"),
            flag("--all", help="also what changes by mere running"),
            *HEAD,
        ),
    ),
    Verb(
        "gc",
        "remove releases and instances from the head that nothing needs",
        ("gc --dry-run", "gc --keep 3"),
        (
            value("--keep", metavar="N", type=int, default=2, help="how many of each stay (default: 2)"),
            DRY_RUN,
            SERVER,
            *HEAD,
        ),
    ),
    Verb(
        "adopt",
        "make a release of a root on the head that was made by hand",
        ("adopt raspbian --root /pxe/root --boot /pxe/boot",),
        (
            _name("name", "what its recipe shall be called"),
            value("--root", metavar="DIR", required=True, help="the root, on the head"),
            value("--boot", metavar="DIR", required=True, help="the boot directory that belongs to it"),
            value("--boards", metavar="A,B", default="pi3b,pi3bplus", help="boards that it boots"),
            *HEAD,
        ),
    ),
    Verb(
        "logs",
        "what a node has told the head",
        ("logs node07", "logs node07 --kernel"),
        (
            _name("node", "which"),
            value("--lines", metavar="N", type=int, default=100, help="the last N (default: 100)"),
            flag("--kernel", help="its kernel's first words, as netconsole brought them"),
            *HEAD,
        ),
    ),
    Verb("doctor", "what is wrong on the head, and what to do about it", ("doctor",), (SERVER, *HEAD)),
    Verb("head verify", "have everything read again that nodes boot from", ("head verify",), HEAD),
    Verb("head hosts", "the nodes' host keys, as known_hosts has them",
         ("head hosts > ~/.ssh/known_hosts_nodes",), HEAD),
    Verb(
        "head backup",
        "one file with what makes the head this head; it holds private keys",
        ("head backup sevastopol.backup", "head backup sevastopol.backup --releases"),
        (_file("a new file"), flag("--releases", help="with the releases that nodes boot"), *HEAD),
    ),
    Verb(
        "head restore",
        "make a fresh head the one of such a file",
        ("head restore sevastopol.backup",),
        (_file("what `head backup` wrote"), *HEAD),
    ),
    Verb(
        "key new",
        "make a key that signs releases",
        ("key new", "key new alice"),
        (Option(("name",), "a name for it", {"metavar": "NAME", "nargs": "?", "default": "operator"}), JSON),
    ),
    Verb(
        "key rotate",
        "make a new key; the present one stays good for a while",
        ("key rotate", "key rotate --overlap 7"),
        (
            value("--overlap", metavar="DAYS", type=int, default=30, help="how long (default: 30 days)"),
            JSON,
        ),
    ),
    Verb("key revoke", "trust nothing that a key has signed", ("key revoke operator",),
         (_name("name", "which"), JSON)),
    Verb("key list", "keys that may sign releases", ("key list",), (JSON,)),
)  # fmt: skip
