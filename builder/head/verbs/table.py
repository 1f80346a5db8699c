# SPDX-License-Identifier: Apache-2.0
"""The verbs of `nodebake-head` and their options: what each does, in a few lines."""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from builder.errors import Exit, RecipeError, RefusedError
from builder.head.boots import cards, gc, rollback, status, verify
from builder.head.boots import publish as publishing
from builder.head.ground import lock
from builder.head.ground.layout import Layout
from builder.head.ground.operation import carry_out
from builder.head.ground.voice import Voice
from builder.head.node import drift as drifting
from builder.head.node import identity, instance, inventory
from builder.head.release import taking
from builder.head.served import fragments, serving
from builder.head.verbs import care, flashing, holding
from builder.head.verbs.asked import inventory_of, names, source_of


def publish(layout: Layout, asked: Namespace, voice: Voice) -> Exit:
    """Publish a release that lies in a folder, or that the head holds."""
    with lock.held(layout, "publish"):
        known = inventory_of(layout, asked)
        nodes = known.select(names(asked.nodes))
        if asked.canary and asked.canary not in {node.name for node in nodes}:
            raise RecipeError(
                f"`--canary {asked.canary}` is none of the nodes",
                hint="name one of those that you publish to",
            )
        source = source_of(layout, asked.release)
        server = asked.nfs or fragments.server_here()
        request = publishing.Request(source, nodes, server, asked.canary, asked.fresh, asked.older)
        planned = publishing.plan(layout, known, request)
        for warning in planned.warnings:
            voice.warn(warning)
        carry_out(planned.operations, voice.tell, dry=asked.dry_run)
    answer = {
        "release": planned.release.label,
        "signer": planned.signer,
        "operations": len(planned.operations),
        "nodes": [each.node for each in planned.wanted if asked.canary in ("", each.node)],
        "dry_run": asked.dry_run,
        "copied": sorted({each.copied for each in planned.wanted} - {""}),
    }
    text = [f"{name} boots {planned.release.label}" for name in answer["nodes"]] if not asked.dry_run else []
    if asked.canary and not asked.dry_run:
        text.append("the others are ready: publish without --canary when it is well")
    voice.answer(answer, text)
    return Exit.DONE


def roll_back(layout: Layout, asked: Namespace, voice: Voice) -> Exit:
    """Let nodes boot what they booted before."""
    with lock.held(layout, "rollback"):
        nodes = inventory.load(layout).select(names(asked.nodes))
        moved = cards.load(layout).cards
        on_cards = [node.name for node in nodes if node.name in moved]
        if on_cards:
            raise RefusedError(
                f"{len(on_cards)} of {len(nodes)} nodes boot from their cards, whatever is here",
                facts=on_cards[:5],
                hint="`nodebake rollout undo` takes nodes back from their cards",
            )
        planned = rollback.plan(layout, nodes, asked.to)
        carry_out(planned.operations, voice.tell, dry=asked.dry_run)
    rows = [{"node": each.node, "release": each.release} for each in planned.wanted]
    voice.answer(rows, [f"{row['node']} boots {row['release']}" for row in rows])
    return Exit.DONE


def show_status(layout: Layout, asked: Namespace, voice: Voice) -> Exit:
    """What each node boots."""
    known = inventory.load(layout)
    states, held = status.states(layout, known), status.held(layout, known)
    chosen = set(names(asked.nodes))
    known.select(chosen)
    rows = [each for each in states if not chosen or each.node in chosen]
    width = max((len(each.node) for each in rows), default=0)
    text = []
    for each in rows:
        since = time.strftime("%Y-%m-%d %H:%M", time.gmtime(each.since)) if each.since else "-"
        former = f"before: {each.former}" if each.former else ""
        what = f"{each.release} {each.mode}" if each.release else "nothing"
        text.append(f"{each.node:<{width}}  {each.address:<15} {what}  since {since}  {former}".rstrip())
    text += [f"{each.release}  {each.mode}  {each.size} bytes  {len(each.nodes)} nodes" for each in held]
    voice.answer(
        {"nodes": [asdict(each) for each in rows], "releases": [asdict(each) for each in held]}, text
    )
    return Exit.DONE


def collect(layout: Layout, asked: Namespace, voice: Voice) -> Exit:
    """Remove what nothing needs."""
    with lock.held(layout, "gc"):
        known = inventory.load(layout)
        operations = gc.plan(layout, known, asked.keep, asked.nfs or fragments.server_here())
        for warning in gc.losses(layout, operations):
            voice.warn(warning)
        carry_out(operations, voice.tell, dry=asked.dry_run)
    removed = [str(each.path) for each in operations if isinstance(each, gc.Remove)]
    voice.answer({"removed": removed, "dry_run": asked.dry_run}, [f"{len(removed)} removed"])
    return Exit.DONE


def check(layout: Layout, _: Namespace, voice: Voice) -> Exit:
    """Read everything again."""
    found = list(verify.faults(layout, voice.tell))
    lines = [f"{fault.path}: {fault.what}" for fault in found] or ["everything is what it was published as"]
    voice.answer([asdict(fault) for fault in found], lines)
    return Exit.FAILED if found else Exit.DONE


def drift(layout: Layout, asked: Namespace, voice: Voice) -> Exit:
    """How nodes with a root of their own have moved from their release."""
    nodes = inventory.load(layout).select(names(asked.nodes))
    answer: dict[str, Any] = {}
    text: list[str] = []
    for name, each in instance.present(layout, nodes).items():
        if each.mode != "private":
            text.append(f"{name} has no root of its own: it boots {each.release} as it is")
            answer[name] = []
            continue
        moved = drifting.of(layout, each, everything=asked.all)
        answer[name] = [asdict(one) for one in moved]
        told = drifting.summary(moved) if moved else "as it was published"
        text += [f"{name} {each.release}: {told}", *(f"  {one.how:<8} {one.path}" for one in moved)]
    voice.answer(answer, text)
    return Exit.DONE


def have(layout: Layout, asked: Namespace, voice: Voice) -> Exit:
    """Which of these artifacts the head holds already, by sha256."""
    held = taking.held_hashes(layout)
    found = [sha256 for sha256 in asked.sha256 if sha256 in held]
    voice.answer(found, found)
    return Exit.DONE


def known_hosts(layout: Layout, _: Namespace, voice: Voice) -> Exit:
    """The nodes' host keys, as ssh reads them."""
    lines = list(identity.known_hosts(layout, inventory.load(layout).nodes))
    voice.answer(lines, lines)
    return Exit.DONE


VERBS: Mapping[str, Callable[[Layout, Namespace, Any], Exit]] = {
    "publish": publish,
    "rollback": roll_back,
    "status": show_status,
    "gc": collect,
    "verify": check,
    "drift": drift,
    "have": have,
    "known-hosts": known_hosts,
    "adopt": care.adopt,
    "doctor": care.doctor,
    "logs": care.logs,
    "starts": care.starts,
    "backup": care.backup,
    "restore": care.restore,
    "netconsole": care.console,
    "take": flashing.take,
    "assign": flashing.assign,
    "settle": flashing.settle,
    "cards": flashing.show_cards,
    "serve": flashing.serve,
    "hold": holding.hold,
    "release": holding.release,
    "holds": holding.show,
    "lock": holding.keep,
}
_NODES = (("--nodes",), {"default": "", "metavar": "A,B", "help": "names of nodes (default: all)"})
_RELEASE = (("release",), {"type": Path, "metavar": "RELEASE", "help": "a folder, or RECIPE/VERSION"})
_INVENTORY = (("--inventory",), {"type": Path, "metavar": "FILE", "help": "the nodes, from now on"})
_NAMED = (("--nodes",), {"required": True, "metavar": "A,B", "help": "names of nodes"})
_BY = (("--by",), {"required": True, "metavar": "WHO", "help": "who asks"})
_DRY = (("--dry-run",), {"action": "store_true", "help": "only tell what would be done"})
_NFS = (("--nfs",), {"choices": ("kernel", "ganesha"), "help": "the NFS server (default: what is installed)"})
Options = tuple[tuple[tuple[str, ...], Mapping[str, Any]], ...]
OPTIONS: Mapping[str, tuple[str, Options]] = {
    "publish": (
        "let nodes boot a release",
        (
            _RELEASE,
            _NODES,
            _INVENTORY,
            (("--canary",), {"default": "", "metavar": "NODE", "help": "prepare all, switch this one"}),
            (("--fresh",), {"action": "store_true", "help": "a new instance where there is one"}),
            (("--older",), {"action": "store_true", "help": "also a release older than the present one"}),
            _DRY,
            _NFS,
        ),
    ),
    "rollback": (
        "let nodes boot what they booted before",
        (
            _NODES,
            (("--to",), {"default": "", "metavar": "VERSION", "help": "not the former one, but this"}),
            _DRY,
        ),
    ),
    "status": ("what each node boots", (_NODES,)),
    "gc": (
        "remove what nothing needs",
        (
            (("--keep",), {"type": int, "default": 2, "metavar": "N", "help": "of each (default: 2)"}),
            _DRY,
            _NFS,
        ),
    ),
    "verify": ("read everything again", ()),
    "drift": (
        "how roots of nodes have moved from their release",
        (_NODES, (("--all",), {"action": "store_true", "help": "also what changes by running"})),
    ),
    "have": ("which artifacts are here", ((("sha256",), {"nargs": "+", "metavar": "SHA256"}),)),
    "known-hosts": ("the nodes' host keys", ()),
    "adopt": (
        "make a release of a hand-made root",
        (
            (("name",), {"metavar": "NAME", "help": "what the release's recipe shall be called"}),
            (("--root",), {"type": Path, "required": True, "metavar": "DIR", "help": "like /pxe/root"}),
            (("--boot",), {"type": Path, "required": True, "metavar": "DIR", "help": "what belongs to it"}),
            (("--boards",), {"default": "pi3b,pi3bplus", "metavar": "A,B", "help": "what it boots"}),
        ),
    ),
    "doctor": ("what is wrong, and what to do about it", (_NFS,)),
    "logs": (
        "what a node has told",
        (
            (("node",), {"metavar": "NODE"}),
            (
                ("--lines",),
                {"type": int, "default": 100, "metavar": "N", "help": "the last N (default: 100)"},
            ),
            (("--kernel",), {"action": "store_true", "help": "what its kernel sent by netconsole"}),
        ),
    ),
    "starts": (
        "how often nodes have begun to boot over the network",
        ((("--since",), {"type": int, "required": True, "metavar": "N", "help": "seconds since 1970"}),),
    ),
    "backup": (
        "what makes this head this head, in one archive",
        (
            (
                ("file",),
                {"metavar": "FILE", "help": "a new file, or - for stdout; it will hold private keys"},
            ),
            (("--releases",), {"action": "store_true", "help": "with the releases that nodes boot"}),
        ),
    ),
    "restore": ("take such an archive", ((("file",), {"metavar": "FILE", "help": "or - for stdin"}), _NFS)),
    "netconsole": ("take what kernels say, as a service", ()),
    "take": ("hold a release, for nodes to be assigned to it", (_RELEASE, _NODES, _INVENTORY, _DRY)),
    "assign": (
        "let nodes boot a release for a while, to flash their cards or to try what is on them",
        (
            _RELEASE,
            _NODES,
            _INVENTORY,
            (
                ("--minutes",),
                {"type": int, "default": flashing.MINUTES, "metavar": "N", "help": "how long (default: 60)"},
            ),
            _DRY,
            _NFS,
        ),
    ),
    "settle": (
        "say how it went with what nodes tried; what is overdue goes back by itself",
        (
            (
                ("outcome",),
                {"nargs": "?", "choices": ("passed", "failed", "left", "overdue"), "default": "overdue"},
            ),
            _NODES,
            _DRY,
            _NFS,
        ),
    ),
    "cards": ("which nodes try something, and which run from their cards", ()),
    "serve": (
        "serve releases over HTTP until stdin ends",
        (
            (("release",), {"nargs": "+", "metavar": "RECIPE/VERSION", "help": "images to unpack for it"}),
            (("--also",), {"default": "", "metavar": "A,B", "help": "images to unpack if they are held"}),
            (("--address",), {"default": "", "metavar": "IP", "help": "where (default: the nodes' side)"}),
            (
                ("--port",),
                {
                    "type": int,
                    "default": serving.PORT,
                    "metavar": "N",
                    "help": f"default: {serving.PORT}; 0: any that is free",
                },
            ),
        ),
    ),
    "hold": (
        "keep nodes from being switched off, deployed to or rolled out to",
        (
            _NAMED,
            _BY,
            (("--reason",), {"default": "", "metavar": "TEXT", "help": "why"}),
            (("--until",), {"type": int, "default": 0, "metavar": "N", "help": "seconds since 1970"}),
        ),
    ),
    "release": ("hold nodes no longer", (_NAMED,)),
    "holds": ("which nodes are held, and who has the cluster", ()),
    "lock": (
        "have the cluster until stdin ends",
        ((("what",), {"metavar": "WHAT", "help": "for what, as in `rollout`"}), _BY),
    ),
}
