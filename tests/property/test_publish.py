# SPDX-License-Identifier: Apache-2.0
"""Whatever is published, rolled back and removed in whatever order: each node's pair is whole."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.head.conftest import MEMORY
from tests.head.ground import Ground, make_ground, node
from tests.head.release import Tiny
from tests.needs import needs_tool

NODES = {each.name: each for each in (node(1), node(2))}
RELEASES = (
    Tiny(version="20260101-aaaaaaaa", epoch=1),
    Tiny(version="20260102-bbbbbbbb", epoch=2),
    Tiny(version="20260103-cccccccc", epoch=3, mode="private"),
)
some = st.sets(st.sampled_from(sorted(NODES)), min_size=1)
steps = st.tuples(st.sampled_from(["publish", "publish", "rollback", "gc"]), some, st.sampled_from(RELEASES))


@needs_tool("ssh-keygen", "dnsmasq", "zstd", "tar")
@settings(max_examples=15, suppress_health_check=list(HealthCheck))
@given(st.lists(steps, max_size=8))
def test_each_pair_is_whole_after_anything(story: list[tuple[str, set[str], Tiny]]) -> None:
    below = MEMORY if os.access(MEMORY, os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=below) as folder:
        ground = make_ground(Path(folder) / "head")
        publish(ground, set(NODES), RELEASES[0])
        # What lies behind each node, the present version at the end.
        model = {name: [RELEASES[0].version] for name in NODES}
        for verb, names, tiny in story:
            if verb == "publish":
                publish(ground, names, tiny)
                for name in names:
                    model[name] += [tiny.version] if model[name][-1] != tiny.version else []
            elif verb == "rollback":
                back = all(len(model[name]) > 1 for name in names)
                code = ground.call("rollback", "--nodes", ",".join(sorted(names))).code
                assert code == (0 if back else 5)
                model = {name: each[:-1] if back and name in names else each for name, each in model.items()}
            else:
                assert ground.call("gc", "--keep", "9", "--nfs", "kernel").code == 0
            assert {name: ground.whole(each) for name, each in NODES.items()} == {
                name: each[-1] for name, each in model.items()
            }
        assert ground.call("verify").answer == []


def publish(ground: Ground, names: set[str], tiny: Tiny) -> None:
    ground.publish(ground.made(tiny), "--older", "--nodes", ",".join(sorted(names)))
