# SPDX-License-Identifier: Apache-2.0
"""What lies on cards and what is sent to nodes is read for good."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from builder.errors import Exit, NodebakeError
from builder.flash.agent import label, order, table
from builder.flash.agent.label import Label
from builder.flash.agent.order import Identity, Order
from builder.flash.agent.table import Part
from builder.rollout import orders
from builder.rollout.plan import Asked

DATA = Path(__file__).parents[2] / "data"
LABEL = Label(
    "whole",
    "docker-sdcard/20260101-0a1b2c3d",
    1767225600,
    "node17",
    Part(3, 0x83, 6442450944, 8589934592),
)
ORDER = Order(
    node="node02",
    release="docker-sdcard/20260101-0a1b2c3d",
    source="http://10.42.0.250:8017/docker-sdcard/20260101-0a1b2c3d/",
    device="/dev/mmcblk0",
    board="pi3b",
    signers="/etc/nodebake/allowed_signers",
    revoked="/etc/nodebake/revoked_signers",
    identity=Identity("/", ("etc/hostname",), {"wifi": b"secret"}, {"etc/nodebake/rack": "B\n"}),
    take_card=True,
    keep_data=True,
)


def test_a_label_is_read_for_good() -> None:
    sample = (DATA / "label-1.json").read_bytes()
    assert label.parse(sample.ljust(label.SIZE, b"\0")) == LABEL
    assert label.dump(LABEL) == sample.ljust(label.SIZE, b"\0")


@pytest.mark.parametrize(
    "data", [b"", b"\xff", b"[]", b"{}", b'{"format":2,"state":"whole"}', b'{"format":1}']
)
def test_what_is_no_label(data: bytes) -> None:
    assert label.parse(data.ljust(label.SIZE, b"\0")) is None


def test_an_order_is_read_for_good() -> None:
    assert order.parse((DATA / "order-1.json").read_text()) == ORDER


def test_what_deploy_orders_is_an_order() -> None:
    wish = orders.Wish(Asked(keep_data=True), secrets={"wifi": "c2VjcmV0"})
    made = orders.order("node02", "pi3b", "docker-sdcard/20260101-0a1b2c3d", "http://10.42.0.250:8017", wish)
    read = order.parse(json.dumps(made))
    assert (read.source, read.held, read.keep_data) == (ORDER.source, True, True)
    assert read.identity.secrets == {"wifi": b"secret"}


def changed(**fields: Any) -> str:
    return json.dumps({**json.loads((DATA / "order-1.json").read_text()), **fields})


@pytest.mark.parametrize(
    ("text", "message", "fact"),
    [
        ("{", "the order is not JSON", "Expecting property name enclosed in double quotes: line 1 column 2"),
        (changed(format=2), "the order is of a format that this flasher does not read", "it reads format 1"),
        (changed(colour="red"), "the order is not whole", "got an unexpected keyword argument 'colour'"),
        (changed(secrets={"wifi": "?"}), "the order is not whole", "Only base64 data is allowed"),
        (changed(older="yes"), "the order is not whole", "older: true or false is wanted"),
        (changed(swarm=True, boot_last=True), "the order is not whole", "swarm: not with boot_last"),
        (changed(node=2), "the order is not whole", "node: a text is wanted"),
        (
            changed(identity={"files": ["../shadow"]}),
            "the order is not whole",
            "identity: `../shadow` leads out of the root",
        ),
        (changed(secrets={"/x": ""}), "the order is not whole", "identity: `/x` leads out of the root"),
    ],
)
def test_orders_that_are_none(text: str, message: str, fact: str) -> None:
    with pytest.raises(NodebakeError) as caught:
        order.parse(text)
    assert caught.value.message == message
    assert caught.value.facts[0].startswith(fact)
    assert caught.value.exit == Exit.USAGE


def test_a_secret_is_not_shown() -> None:
    assert "secret" not in repr(ORDER).replace("secrets", "")


def test_a_table_is_read_as_it_is_written() -> None:
    part = Part(3, 0x83, 6442450944, 8589934592)
    sector = bytearray(512)
    assert table.parts(bytes(sector)) == ()
    sector[table.THIRD : table.THIRD + 16] = table.entry(part)
    sector[table.MARK_AT :] = table.MARK
    assert table.parts(bytes(sector)) == (part,)
