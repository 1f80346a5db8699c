# SPDX-License-Identifier: Apache-2.0
"""The protocol without a network: what is sent, and what each frame that may come means."""

from __future__ import annotations

import json

import pytest

from builder.head.client.bladerunner import Error, Exchange, Ignored, Response
from builder.head.client.dialect import Words, place, power_arguments, states


@pytest.fixture
def asked() -> Exchange:
    """A conversation that waits for the reply to seqno 1."""
    exchange = Exchange("bladerunner")
    exchange.ask("XPowerRequest", power_arguments(7, True))
    return exchange


def test_a_power_request_is_the_published_frame() -> None:
    assert Exchange(Words().target).ask(Words().power, power_arguments(7, True)) == (
        '{"target":"bladerunner","seqno":1,"command":"XPowerRequest","args":{"id":7,"on":true}}'
    )


def test_seqno_counts_up_and_starts_anew_with_a_connection() -> None:
    exchange = Exchange("bladerunner")
    for expected in (1, 2, 3):
        assert json.loads(exchange.ask("X", {}))["seqno"] == expected
        exchange.hear(json.dumps({"seqno": expected, "reply": "X"}))
    assert json.loads(Exchange("bladerunner").ask("X", {}))["seqno"] == 1


def test_commands_are_never_queued(asked: Exchange) -> None:
    with pytest.raises(RuntimeError, match="in flight"):
        asked.ask("XPowerRequest", power_arguments(8, True))


@pytest.mark.parametrize(
    ("frame", "meaning"),
    [
        ('{"seqno":1,"reply":"XPowerRequest","args":{"id":7}}', Response({"id": 7})),
        ('{"seqno":1}', Response({})),
        ('{"seqno":1,"args":[7]}', Response({})),
        # A frame comes in response to a command only: without a number it is that one's.
        ('{"reply":"XPowerRequest","args":{"on":true}}', Response({"on": True})),
        ('{"seqno":1,"reply":"error","args":{"index":7,"status":4}}', Error(7, 4)),
        ('{"seqno":1,"command":"error","args":{"status":"busy"}}', Error(None, "busy")),
        ('{"seqno":1,"error":{"index":7,"status":4}}', Error(7, 4)),
        ('{"seqno":1,"error":4,"index":7}', Error(7, 4)),
        ('{"error":true}', Error(None, None)),
        ('{"seqno":1,"error":{"index":true,"status":[1]}}', Error(None, None)),
    ],
)
def test_replies(asked: Exchange, frame: str, meaning: Response | Error) -> None:
    assert asked.hear(frame) == meaning
    asked.ask("XPowerRequest", {})  # and the next command may go


@pytest.mark.parametrize(
    ("frame", "why"),
    [
        ('{"seqno":', "a frame that is not JSON"),
        (b"\xff\xfe\x00", "a frame that is not JSON"),
        ("[" * 100_000, "a frame that is not JSON"),
        ("[1]", "a frame that is no JSON object"),
        ('{"seqno":2,"reply":"X"}', "a reply to 2 while waiting for 1"),
        ('{"seqno":true,"reply":"X"}', "a reply to true while waiting for 1"),
        ('{"seqno":0,"error":{"status":4}}', "a reply to 0 while waiting for 1"),
        ('{"event":"fan"}', "a frame that is no reply"),
    ],
)
def test_what_is_no_reply_is_ignored_and_the_waiting_goes_on(
    asked: Exchange, frame: str | bytes, why: str
) -> None:
    assert asked.hear(frame) == Ignored(why)
    assert asked.hear('{"seqno":1,"reply":"XPowerRequest"}') == Response({})


def test_a_second_reply_is_ignored(asked: Exchange) -> None:
    asked.hear('{"seqno":1,"reply":"X"}')
    assert asked.hear('{"seqno":1,"reply":"X"}') == Ignored("a reply that nobody asked for")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"nodes": [{"id": 1, "on": True}, {"id": 2, "on": False}]}, {1: True, 2: False}),
        ({"id": 7, "on": True}, {7: True}),
        ({"nodes": [{"id": True, "on": True}, {"id": 3, "on": 1}, {"id": 4}, 5, None]}, {}),
        ({"nodes": {"1": True}}, {}),
        ({}, {}),
    ],
)
def test_states_leave_out_what_they_cannot_read(
    arguments: dict[str, object], expected: dict[int, bool]
) -> None:
    assert states(arguments) == expected


def test_the_makers_byte() -> None:
    assert [place(number) for number in (1, 15, 16, 31, 60)] == [0x01, 0x0F, 0x11, 0x21, 0x3F]
