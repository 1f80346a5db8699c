# SPDX-License-Identifier: Apache-2.0
"""Held nodes and the lock of the cluster, on the head."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from builder.errors import NodebakeError, RefusedError
from builder.head.ground import lock
from builder.head.node import holds
from builder.head.verbs.holding import CLUSTER
from tests.head.ground import Ground

SAMPLE = Path(__file__).parents[1] / "data/holds-1.json"


def test_a_hold_stays_until_it_is_released_or_over(ground: Ground) -> None:
    later = int(time.time()) + 3600
    held = ground.call("hold", "--nodes", "node01,node17", "--by", "alice@desk", "--reason", "measures")
    assert held.code == 0
    assert ground.call("hold", "--nodes", "node01", "--by", "bob", "--until", later).code == 0
    found = ground.call("holds").answer
    assert [(each["node"], each["by"], each["reason"], each["until"]) for each in found["holds"]] == [
        ("node01", "bob", "", later),
        ("node17", "alice@desk", "measures", 0),
    ]
    assert holds.present(ground.layout, later)[0].node == "node17"
    released = ground.call("release", "--nodes", "node17,node18")
    assert [each["node"] for each in released.answer] == ["node17"]
    assert [each["node"] for each in ground.call("holds").answer["holds"]] == ["node01"]


def test_what_cannot_be_a_hold(ground: Ground) -> None:
    over = ground.call("hold", "--nodes", "node01", "--by", "a", "--until", "5")
    assert (over.code, over.error["message"]) == (2, "the hold would be over already")
    assert ground.call("hold", "--nodes", "../x", "--by", "a").code == 2
    ground.layout.state.mkdir(parents=True, exist_ok=True)
    (ground.layout.state / "holds.json").write_text("{")
    damaged = ground.call("holds")
    assert (damaged.code, damaged.error["message"]) == (1, "the list of held nodes is damaged")
    (ground.layout.state / "holds.json").write_text('{"format": 9}')
    assert ground.call("holds").error["message"] == "holds of format `9` cannot be read"


def test_the_sample_is_read_and_written_as_it_was() -> None:
    text = SAMPLE.read_text()
    assert holds.dump(holds.parse(text)) == text
    assert holds.parse(text)[0].reason == 'a "long" run'
    with pytest.raises(NodebakeError, match="damaged"):
        holds.parse(json.dumps({"format": 1, "holds": [{"node": "node01"}]}))


def test_the_cluster_has_one_holder(ground: Ground) -> None:
    assert ground.call("holds").answer["cluster"] == ""
    with lock.held(ground.layout, "rollout", file=CLUSTER, by="alice@desk"):
        assert "`rollout` of alice@desk" in ground.call("holds").answer["cluster"]
        with (
            pytest.raises(RefusedError, match="`deploy` has to wait: the cluster is in use") as caught,
            lock.held(ground.layout, "deploy", file=CLUSTER, by="bob"),
        ):
            pass
        assert "`rollout` of alice@desk" in caught.value.facts[0]
        # The head itself is free meanwhile.
        assert ground.call("hold", "--nodes", "node01", "--by", "bob").code == 0
    assert ground.call("holds").answer["cluster"] == ""
