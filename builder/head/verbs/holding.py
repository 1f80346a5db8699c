# SPDX-License-Identifier: Apache-2.0
"""The verbs of `nodebake-head` that keep others away: from held nodes, and from the cluster."""

from __future__ import annotations

import sys
import time
from argparse import Namespace
from dataclasses import asdict

from builder.errors import Exit, RecipeError
from builder.head.ground import lock
from builder.head.ground.layout import Layout
from builder.head.ground.voice import Voice
from builder.head.node import holds
from builder.head.verbs.asked import names

CLUSTER = "cluster.lock"


def hold(layout: Layout, asked: Namespace, voice: Voice) -> Exit:
    """Hold nodes."""
    now = int(time.time())
    if asked.until and asked.until <= now:
        raise RecipeError("the hold would be over already", hint="name a time to come")
    new = [holds.Hold(name, asked.by, asked.reason, now, asked.until) for name in names(asked.nodes)]
    with lock.held(layout, "hold"):
        holds.hold(layout, new, now)
    voice.answer([asdict(each) for each in new], [f"{each.node} is held" for each in new])
    return Exit.DONE


def release(layout: Layout, asked: Namespace, voice: Voice) -> Exit:
    """Hold nodes no longer."""
    with lock.held(layout, "release"):
        ended = holds.release(layout, names(asked.nodes), int(time.time()))
    voice.answer([asdict(each) for each in ended], [f"{each.node} is held no longer" for each in ended])
    return Exit.DONE


def show(layout: Layout, _: Namespace, voice: Voice) -> Exit:
    """Which nodes are held, and who has the cluster."""
    found = holds.present(layout, int(time.time()))
    holder = lock.holder(layout, CLUSTER)
    text = [f"{each.node}  {each.by}: {each.reason}" for each in found]
    voice.answer(
        {"holds": [asdict(each) for each in found], "cluster": holder},
        text + ([f"the cluster: {holder}"] if holder else []),
    )
    return Exit.DONE


def keep(layout: Layout, asked: Namespace, voice: Voice) -> Exit:
    """Have the cluster for oneself, until stdin ends: with the connection, whatever ends that."""
    with lock.held(layout, asked.what, file=CLUSTER, by=asked.by):
        voice.answer({"holder": lock.holder(layout, CLUSTER)}, ["the cluster is yours until stdin ends"])
        while sys.stdin.buffer.read(1 << 16):
            pass
    return Exit.DONE
