# SPDX-License-Identifier: Apache-2.0
"""Cards that lie, links that are cut, servers that are gone."""

from __future__ import annotations

import errno
import os
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest

from builder.errors import NodebakeError
from builder.flash.agent.order import Order
from builder.flash.agent.receipt import Receipt
from builder.flash.agent.source import Web, unpacked
from builder.flash.agent.trust import trusted
from builder.flash.agent.work import write
from builder.head.served import answers
from tests.flash.conftest import Ground
from tests.flash.ground import MIB, Tiny, blank, order
from tests.needs import needs_tool

pytestmark = needs_tool("ssh-keygen")
TINY = Tiny()


def test_a_card_that_does_not_keep_what_it_takes(
    ground: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = blank(tmp_path / "card", 20 * MIB)
    given = ground.order(TINY, card)
    real = os.pwrite

    def forgetful(descriptor: int, data: memoryview, at: int) -> int:
        # Cards that claim to be larger than they are take all of it, and keep the beginning.
        return len(data) if at >= 12 * MIB else real(descriptor, data, at)

    monkeypatch.setattr(os, "pwrite", forgetful)
    with pytest.raises(NodebakeError) as caught:
        ground.flash(given)
    assert caught.value.message == f"`{card}` does not give back what was written to it"
    assert caught.value.hint == "the card is failing, or smaller than it says: take another one"
    assert not any(card.read_bytes()[:4096])
    monkeypatch.undo()
    assert ground.flash(given).outcome == "written"


@pytest.mark.parametrize(("call", "done"), [("pwrite", "written"), ("preadv", "read"), ("fsync", "written")])
def test_a_card_that_fails(
    ground: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, done: str
) -> None:
    card = blank(tmp_path / "card", 20 * MIB)
    given = ground.order(TINY, card)

    def failing(*_: Any) -> int:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, call, failing)
    with pytest.raises(NodebakeError, match=f"`{card}` cannot be {done} at byte") as caught:
        ground.flash(given)
    assert caught.value.facts == ("input/output error",)
    assert caught.value.hint == "the card is failing: take another one"


def test_a_link_that_is_cut_again_and_again(ground: Ground, tmp_path: Path) -> None:
    card = blank(tmp_path / "card", 20 * MIB)
    given = ground.order(TINY, card)
    with _cutting(int(given.source.split(":")[2].split("/")[0]), each=1_500_000) as (port, cuts):
        url = f"http://127.0.0.1:{port}"
        receipt = _written(order(TINY, url, card, ground.signers), lambda url: Web(url, silence=5))
    assert cuts[0] >= 2
    assert receipt.outcome == "written"
    assert card.read_bytes()[8 * MIB : TINY.size].count(b"nodebake") == 1


def test_a_server_that_is_gone(ground: Ground, tmp_path: Path) -> None:
    card = blank(tmp_path / "card", 20 * MIB)
    given = ground.order(TINY, card)
    began = time.monotonic()
    with _cutting(int(given.source.split(":")[2].split("/")[0]), each=1_500_000, last=1) as (port, _):
        there = order(TINY, f"http://127.0.0.1:{port}", card, ground.signers)
        with pytest.raises(NodebakeError) as caught:
            _written(there, lambda url: Web(url, patience=0.5, silence=5))
    assert time.monotonic() - began < 15
    assert caught.value.message == f"`{there.source}` does not answer any more"
    assert caught.value.hint == "flash again: it goes on where this ended"
    assert not any(card.read_bytes()[:4096])
    again = ground.flash(given)
    assert again.moved < 5_000_000
    assert again.outcome == "written"


def test_what_can_be_packed_is(ground: Ground, tmp_path: Path) -> None:
    many = Tiny(files=20_000, size=9 * MIB)
    given = ground.order(many, blank(tmp_path / "card", 20 * MIB))
    manifest = next((tmp_path / "releases").rglob("manifest.json")).stat().st_size
    assert ground.flash(given).moved < manifest / 4


def test_a_server_that_packs_nothing(ground: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = ground.order(TINY, blank(tmp_path / "card", 20 * MIB))
    monkeypatch.setattr(answers, "PACK", "Of-Another-Time")
    assert ground.flash(given).outcome == "written"


def test_what_was_damaged_on_its_way_is_asked_for_again() -> None:
    data = zlib.compress(b"content" * 100)
    assert unpacked(data, 700) == b"content" * 100
    with pytest.raises(HTTPException, match="cut short"):
        unpacked(data[:-8], 701)
    with pytest.raises(HTTPException, match="damaged"):
        unpacked(b"content", 700)


def _written(given: Order, source_of: Callable[[str], Web]) -> Receipt:
    source = source_of(given.source)
    try:
        found = trusted(source, given.signers, given.revoked, given.release)
        return write(given, source, found, lambda *_: None)
    finally:
        source.close()


@contextmanager
def _cutting(port: int, each: int, last: int = 1 << 30) -> Iterator[tuple[int, list[int]]]:
    """A way to `port` that is cut each time so many bytes have come; after `last` times it is gone."""
    listening = socket.create_server(("127.0.0.1", 0))
    cuts = [0]

    def pass_on(coming: socket.socket) -> None:
        with coming, socket.create_connection(("127.0.0.1", port)) as going:
            threading.Thread(target=_copy, args=(coming, going, 1 << 40), daemon=True).start()
            _copy(going, coming, each)
            cuts[0] += 1
            if cuts[0] >= last:
                listening.close()

    def serve() -> None:
        while True:
            try:
                pass_on(listening.accept()[0])
            except OSError:
                return

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield listening.getsockname()[1], cuts
    finally:
        listening.close()


def _copy(source: socket.socket, sink: socket.socket, left: int) -> None:
    try:
        while left > 0 and (data := source.recv(min(left, 65536))):
            sink.sendall(data)
            left -= len(data)
        source.shutdown(socket.SHUT_RDWR)
        sink.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
