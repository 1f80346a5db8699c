# SPDX-License-Identifier: Apache-2.0
"""The project's file of host keys keeps what is the operator's."""

from __future__ import annotations

from builder.fleet.known_hosts import merged

MINE = "# mine\nsevastopol,10.42.0.250 ssh-ed25519 HEAD\nnode17 ssh-ed25519 ZERO\n"


def test_published_lines_replace_those_of_the_same_node() -> None:
    before = f"{MINE}node01,10.42.0.1 ssh-ed25519 OLD\n"
    fresh = ["node01,10.42.0.1 ssh-ed25519 NEW", "node02,10.42.0.2 ssh-ed25519 TWO"]
    after = merged(before, fresh)
    assert after == MINE + "".join(f"{line}\n" for line in fresh)
    assert merged(after, fresh) == after
    assert merged("", fresh[:1]) == f"{fresh[0]}\n"
    assert merged(MINE, []) == MINE
