# SPDX-License-Identifier: Apache-2.0
"""Cards that are filled from other nodes, of which some lie, some hang, and some are gone."""

from __future__ import annotations

import json
import socket
import threading
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from builder.errors import NodebakeError, RefusedError
from builder.flash.agent import pieces, tracker
from builder.flash.agent.blocks import Blocks
from builder.flash.agent.compare import Run
from builder.flash.agent.hand_on import Stock
from builder.flash.agent.order import Order
from builder.flash.agent.receipt import Receipt
from builder.flash.agent.release import parse
from builder.flash.agent.source import Web, unpacked
from builder.flash.agent.wanted import Wanted, wanted
from builder.head.served.answers import Answers
from builder.release import index
from tests.flash.conftest import Ground
from tests.flash.ground import MIB, Tiny, blank, node_root
from tests.needs import needs_tool

pytestmark = needs_tool("ssh-keygen")
TINY = Tiny(size=40 * MIB)
LATER = replace(TINY, changed=(200, 300, 301), version="20260201-bbbbbbbb", epoch=1769904000)
ALL = f"{(1 << 64) - 1:x}"


def swarm(ground: Ground, card: Path, tiny: Tiny = TINY) -> Order:
    root = node_root(card.with_name(f"{card.name}-root"))
    return replace(ground.order(tiny, card, root), swarm=True)


def is_on(card: Path, tiny: Tiny = TINY) -> bool:
    return card.read_bytes()[9 * MIB : tiny.size] == tiny.image[9 * MIB :]


def together(ground: Ground, orders: list[Order]) -> list[Receipt]:
    with ThreadPoolExecutor(len(orders)) as pool:
        return list(pool.map(ground.flash, orders))


def test_nodes_take_it_from_each_other(ground: Ground, tmp_path: Path) -> None:
    cards = [blank(tmp_path / f"card{number}", 44 * MIB) for number in range(4)]
    done = together(ground, [swarm(ground, card) for card in cards])
    assert all(map(is_on, cards))
    assert [each.outcome for each in done] == ["written"] * 4
    assert sum(each.from_nodes for each in done) > TINY.size / 2
    # Who has arrived tells no more of what it is still handing out.
    assert 0 < sum(each.to_nodes for each in done) <= 4 * TINY.size


def test_a_few_blocks_come_from_the_head(ground: Ground, tmp_path: Path) -> None:
    card = blank(tmp_path / "card", 44 * MIB)
    ground.flash(swarm(ground, card))
    done = ground.flash(swarm(ground, card, LATER))
    assert is_on(card, LATER)
    assert done.moved < 6 * 65536
    assert ground.flash(swarm(ground, card, LATER)).outcome == "same"


class _Hanging(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        threading.Event().wait(2)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


class _Lying(_Hanging):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"x\x9c and nothing that is one")


class _WithoutIt(_Hanging):
    def do_GET(self) -> None:
        self.send_error(404)


@contextmanager
def _claims_all(url: str, kind: type[BaseHTTPRequestHandler] | None) -> Iterator[None]:
    """Somebody tells the head that it has everything."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = ThreadingHTTPServer(("127.0.0.1", port), kind) if kind else None
    if server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    over = threading.Event()
    question = {"port": port, "has": ALL, "wants": "0", "taking": "0", "avoids": [], "leaves": False}

    def claim() -> None:
        while True:
            asking = urllib.request.Request(f"{url}swarm", json.dumps(question).encode(), method="POST")
            urllib.request.urlopen(asking, timeout=5).close()
            first.set()
            if over.wait(0.5):
                return

    first = threading.Event()
    thread = threading.Thread(target=claim, daemon=True)
    thread.start()
    assert first.wait(10)
    try:
        yield
    finally:
        over.set()
        thread.join()
        if server:
            server.shutdown()
            server.server_close()


@pytest.mark.parametrize("kind", [_Lying, _WithoutIt, _Hanging, None])
def test_who_claims_what_it_has_not_is_avoided(
    ground: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type[BaseHTTPRequestHandler] | None
) -> None:
    monkeypatch.setattr(tracker, "_SILENCE", 0.5)
    card = blank(tmp_path / "card", 44 * MIB)
    given = swarm(ground, card)
    with _claims_all(given.source, kind):
        done = ground.flash(given)
    assert is_on(card)
    assert done.from_nodes == 0


def test_a_head_that_knows_of_no_swarm(
    ground: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Answers, "do_POST", lambda self: self.send_error(501))
    card = blank(tmp_path / "card", 44 * MIB)
    assert ground.flash(swarm(ground, card)).outcome == "written"
    assert is_on(card)


def test_a_head_with_other_bytes_is_refused(ground: Ground, tmp_path: Path) -> None:
    card = blank(tmp_path / "card", 44 * MIB)
    given = swarm(ground, card)
    image = next((tmp_path / "releases").rglob("*.img"))
    with image.open("r+b") as file:
        file.seek(20 * MIB)
        file.write(b"\xff" * MIB)
    with pytest.raises(RefusedError, match="is not what the release's index says"):
        ground.flash(given)
    assert not any(card.read_bytes()[:4096])


def test_a_head_that_is_gone(ground: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    card = blank(tmp_path / "card", 44 * MIB)
    given = swarm(ground, card)
    real, asked = Web.piece, []

    def gone(self: Web, name: str, start: int, size: int) -> tuple[bytes, bytes]:
        asked.append(start)
        if len(asked) > 3:
            raise NodebakeError("it is gone")
        return real(self, name, start, size)

    monkeypatch.setattr(Web, "piece", gone)
    with pytest.raises(NodebakeError, match="it is gone"):
        ground.flash(given)
    monkeypatch.undo()
    assert ground.flash(given).outcome == "written"
    assert is_on(card)


def test_nothing_of_the_nodes_own_is_handed_on(ground: Ground, tmp_path: Path) -> None:
    card = blank(tmp_path / "card", 44 * MIB)
    given = swarm(ground, card)
    ground.flash(given)
    place = next((tmp_path / "releases").rglob("manifest.json")).parent
    release = parse((place / "manifest.json").read_bytes())
    blocks = index.parse((place / release.index).read_bytes())
    slot = card.read_bytes()[release.slot[0] : sum(release.slot)]
    assert b"a private key" in slot
    content = wanted(blocks, release, given.node, slot, held=True, data=None)
    stock = Stock(Blocks(Web(given.source), release.image, content), str(card))
    for piece in range(0, (len(blocks) - pieces.FIRST) // pieces.BLOCKS + 1):
        run = pieces.run_of(piece, len(blocks))
        packed = stock.find(piece)
        assert packed
        size = run.size(release.image_size)
        assert unpacked(packed, size) == TINY.image[run.start : run.start + size]
    assert stock.find(999) is None
    with card.open("r+b") as file:
        file.seek(20 * MIB)
        file.write(b"\xff" * 4096)
    broken = Stock(Blocks(Web(given.source), release.image, content), str(card))
    assert broken.find((20 * MIB // 65536 - pieces.FIRST) // pieces.BLOCKS) is None


def test_what_of_a_piece_is_wanted() -> None:
    table = index.Index(16 * MIB, "", bytes(range(1, 33)) * 256)
    there = Wanted(table, ())
    group = Run(pieces.FIRST, 64)
    found = list(pieces.parts(group, [Run(20, 2), Run(40, 20)], there))
    assert [(part.piece, part.runs, part.whole) for part in found] == [
        (0, (Run(20, 2), Run(40, 8)), True),
        (1, (Run(48, 12),), True),
    ]
    few = list(pieces.parts(group, [Run(20, 2)], there))
    assert [(part.whole, part.differ, part.content) for part in few] == [(False, 2, 32), (False, 0, 32)]
