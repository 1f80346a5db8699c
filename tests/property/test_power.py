# SPDX-License-Identifier: Apache-2.0
"""What holds of the control plane's protocol and of a mass power-on, whatever happens."""

from __future__ import annotations

import json
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from builder.head.client.bladerunner import Exchange, Ignored
from builder.power.power_file import SequenceModel
from builder.power.startup import OVER, Phase, Startup

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=8), inner))
KEYS = st.sampled_from(["seqno", "reply", "command", "error", "args", "index", "status"])
FRAMES = (
    st.binary()
    | st.text()
    | JSON.map(json.dumps)
    | st.dictionaries(KEYS, JSON | st.just(1) | st.just("error")).map(json.dumps)
)


@given(st.lists(FRAMES, max_size=8))
def test_no_frame_confuses_the_client(frames: list[str | bytes]) -> None:
    """At most one frame is taken for the reply to a command, and then the next command may go."""
    exchange = Exchange("bladerunner")
    exchange.ask("XPowerRequest", {"id": 7, "on": True})
    replies = [heard for frame in frames if not isinstance(heard := exchange.hear(frame), Ignored)]
    assert len(replies) <= 1
    if replies:
        exchange.ask("XPowerRequest", {"id": 8, "on": True})


@st.composite
def sequences(draw: st.DrawFn) -> SequenceModel:
    return SequenceModel(
        stagger=draw(st.integers(0, 5)),
        batch=draw(st.integers(1, 8)),
        cycles=draw(st.integers(0, 3)),
        off_for=draw(st.integers(0, 5)),
        loads_within=draw(st.integers(1, 10)),
        up_within=draw(st.integers(1, 20)),
    )


@given(sequences(), st.integers(1, 20), st.randoms(use_true_random=False), st.booleans())
def test_every_start_ends_and_keeps_to_its_limits(
    sequence: SequenceModel, count: int, random: Random, logged: bool
) -> None:
    """Nodes come up, or do not, and switches fail, at random."""
    startup = Startup(sequence, frozenset(range(count + 1) if logged else ()))
    startup.add(range(1, count + 1), now=0)
    last_batch, now, ons = -1e9, 0.0, dict.fromkeys(range(1, count + 1), 0)
    while not startup.over():
        actions = startup.actions(now)
        switched_on = [action.number for action in actions if action.on]
        if switched_on:
            assert len(switched_on) <= sequence.batch
            assert now - last_batch >= sequence.stagger
            last_batch = now
        for action in actions:
            ons[action.number] += action.on
            if random.random() < 0.2:
                startup.failed(action.number, action.on, "no reply", now)
            else:
                startup.switched(action.number, action.on, now)
        for number in ons:
            if random.random() < 0.1:
                startup.seen(number, random.choice([Phase.ASKS, Phase.LOADS, Phase.UP]), now)
        now += 1
        # The longest that all nodes can take one after another.
        longest = sequence.up_within + sequence.off_for + sequence.stagger + 2
        assert now <= count * (sequence.cycles + 1) * longest
    for number, node in startup.nodes.items():
        assert node.phase in OVER
        assert bool(node.why) == (node.phase is Phase.MISSING)
        assert 1 <= ons[number] <= sequence.cycles + 1
