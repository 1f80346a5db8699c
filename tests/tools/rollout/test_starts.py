# SPDX-License-Identifier: Apache-2.0
"""How often nodes start, by what a head tells of it, or does not."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from builder.errors import NodebakeError
from builder.rollout.starts import Starts

pytestmark = pytest.mark.tools


def counted(answers: Sequence[Any], *, marks: Sequence[str] = ("node02",)) -> list[int]:
    """What is counted for node02 each time that it is asked for, by these answers of a head."""
    told = iter(answers)

    async def ask(*_: str) -> Any:
        answer = next(told)
        if isinstance(answer, NodebakeError):
            raise answer
        return answer

    async def run() -> list[int]:
        starts = Starts(ask, between=0)
        starts.count_from({"since": 1767225600})
        for node in marks:
            await starts.mark(node)
        return [await starts.of("node02") for _ in answers[len(marks) :]]

    return asyncio.run(run())


def test_what_was_before_the_mark_does_not_count() -> None:
    assert counted([{"node02": 5}, {"node02": 5}, {"node02": 6}, {"node02": 8}]) == [0, 1, 3]


def test_a_node_that_was_not_marked_has_not_started() -> None:
    assert counted([{"node02": 5}], marks=()) == [0]


def test_a_head_that_fails_has_seen_nobody_start() -> None:
    failed = NodebakeError("there is no verb `starts`")
    assert counted([failed, {"node02": 9}]) == [0]
    assert counted([{"node02": 5}, failed, {"node02": 6}, failed]) == [0, 1, 1]


def test_a_head_is_asked_for_all_nodes_together() -> None:
    asked: list[tuple[str, ...]] = []

    async def ask(*words: str) -> Any:
        asked.append(words)
        return {"node02": 1, "node03": 4}

    async def run() -> None:
        starts = Starts(ask, between=60)
        starts.count_from(None)
        await starts.mark("node02")
        assert not asked
        starts.count_from({"since": 7})
        starts.count_from({"since": 9})
        await starts.mark("node02")
        await starts.mark("node03")
        assert [await starts.of(node) for node in ("node02", "node03", "node02")] == [0, 0, 0]

    asyncio.run(run())
    assert asked == [("starts", "--since", "7")] * 2
