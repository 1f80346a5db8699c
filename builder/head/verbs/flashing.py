# SPDX-License-Identifier: Apache-2.0
"""The verbs of `nodebake-head` for nodes whose cards are flashed."""

from __future__ import annotations

import sys
import time
from argparse import Namespace
from contextlib import suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from builder.errors import Exit, NodebakeError, RecipeError
from builder.head.boots import assign as assigning
from builder.head.boots import cards
from builder.head.boots import settle as settling
from builder.head.boots.publish import Request, taking
from builder.head.ground import lock, machine
from builder.head.ground.operation import carry_out
from builder.head.node import inventory
from builder.head.served import fragments, serving
from builder.head.verbs.asked import inventory_of, names, source_of

if TYPE_CHECKING:
    from builder.head.boots.settle import Settled
    from builder.head.ground.layout import Layout
    from builder.head.ground.voice import Voice

MINUTES = 60


def assign(layout: Layout, asked: Namespace, voice: Voice) -> Exit:
    """Let nodes boot a release until somebody says how it went, or their time is over."""
    if asked.minutes < 1:
        raise RecipeError(f"`--minutes {asked.minutes}` is no time", hint="a boot alone takes two or three")
    with lock.held(layout, "assign"):
        known = inventory_of(layout, asked)
        nodes = known.select(names(asked.nodes))
        server = asked.nfs or fragments.server_here()
        request = Request(source_of(layout, asked.release), nodes, server, older=True)
        now = int(time.time())
        term = assigning.Term(now, now + 60 * asked.minutes)
        planned = assigning.plan(layout, known, request, term)
        carry_out(planned.operations, voice.tell, dry=asked.dry_run)
    answer: dict[str, Any] = {
        "release": planned.release.label,
        "signer": planned.signer,
        "nodes": [each.node for each in planned.wanted],
        "since": term.now,
        "until": term.until,
        "dry_run": asked.dry_run,
    }
    voice.answer(
        answer, [f"{each.node} boots {planned.release.label} for a while" for each in planned.wanted]
    )
    return Exit.DONE


def take(layout: Layout, asked: Namespace, voice: Voice) -> Exit:
    """Hold a release for nodes, and what makes each of them itself: then they can be given it."""
    with lock.held(layout, "take"):
        known = inventory_of(layout, asked)
        nodes = known.select(names(asked.nodes))
        release, operations = taking(layout, known, source_of(layout, asked.release), nodes)
        carry_out(operations, voice.tell, dry=asked.dry_run)
    voice.answer({"release": release.label, "dry_run": asked.dry_run}, [f"{release.label} is held"])
    return Exit.DONE


def settle(layout: Layout, asked: Namespace, voice: Voice) -> Exit:
    """Say how it went; without a word, take back what is overdue."""
    if asked.outcome == "overdue" and asked.nodes:
        raise RecipeError("`--nodes` says how it went with whom", hint="add `passed` or `failed`")
    if asked.outcome != "overdue" and not asked.nodes:
        raise RecipeError(f"`{asked.outcome}` of which nodes?", hint="name them: --nodes node02")
    with lock.held(layout, "settle"):
        known = inventory.load(layout)
        nodes = known.select(names(asked.nodes))
        now, server = int(time.time()), asked.nfs or fragments.server_here()
        planned: Settled
        if asked.outcome == "passed":
            planned = settling.passed(layout, known, nodes, now, server)
        elif asked.outcome == "failed":
            planned = settling.failed(layout, nodes)
        elif asked.outcome == "left":
            planned = settling.left(layout, known, nodes, server)
        else:
            planned = settling.overdue(layout, known, now)
        carry_out(planned.operations, voice.tell, dry=asked.dry_run)
    text = [f"{name} runs from its card" for name in planned.passed]
    text += [f"back to what it was, {each}" for each in planned.back]
    voice.answer({"passed": planned.passed, "back": planned.back, "dry_run": asked.dry_run}, text)
    return Exit.DONE


def show_cards(layout: Layout, _: Namespace, voice: Voice) -> Exit:
    """Which nodes try something, and which run from their cards."""
    known = cards.load(layout)
    text = [f"{name} tries {each.release}" for name, each in sorted(known.trials.items())]
    text += [f"{name} runs {each.release} from its card" for name, each in sorted(known.cards.items())]
    voice.answer(asdict(known), text)
    return Exit.DONE


def serve(layout: Layout, asked: Namespace, voice: Voice) -> Exit:
    """Serve releases over HTTP until stdin ends, as it does when the connection breaks off."""
    known = inventory.load(layout)
    with lock.held(layout, "serve"):
        for label in asked.release:
            _unpack(layout, label)
        for label in filter(None, asked.also.split(",")):
            with suppress(NodebakeError):
                _unpack(layout, label)
    with serving.serving(asked.address or known.address, asked.port, serving.served(layout)) as url:
        if layout.live:
            machine.become_nobody()
        voice.answer({"url": url}, [url])
        while sys.stdin.buffer.read(1 << 16):
            pass
    return Exit.DONE


def _unpack(layout: Layout, label: str) -> None:
    recipe, _, version = label.partition("/")
    serving.unpacked(layout, *names(f"{recipe},{version}", "release"))
