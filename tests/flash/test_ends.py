# SPDX-License-Identifier: Apache-2.0
"""However the head behaves, the flasher ends in time, and its last word is one `error` or a receipt."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from builder.errors import Exit
from builder.flash.agent import main as program
from builder.flash.agent import tracker
from builder.flash.agent.order import Order
from builder.flash.agent.source import Web
from tests.flash.conftest import Ground
from tests.flash.ground import MIB, Tiny, blank
from tests.needs import needs_tool

pytestmark = needs_tool("ssh-keygen")
TINY = Tiny()
ORDER = Order("node02", TINY.label, "http://127.0.0.1:1/tiny/1/", "/dev/null", "pi3b", "/no/signers")
Answer = Callable[[socket.socket], None]


def as_json(given: Order, **more: Any) -> str:
    fields = asdict(given) | {"identity": {"root": given.identity.root}, "format": 1}
    return json.dumps(fields | more)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A third of a second is long here."""
    monkeypatch.setattr(Web.__init__, "__kwdefaults__", {"patience": 0.3, "silence": 0.3})
    monkeypatch.setattr(tracker, "_HEAD_SECONDS", 0.3)


def ended(folder: Path, order: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    """The exit code of the program, and its last word, before which it has told of progress alone."""
    (folder / "order.json").write_text(order)
    capsys.readouterr()
    began = time.monotonic()
    code = program.main([str(folder / "order.json")])
    assert time.monotonic() - began < 10
    *before, last = map(json.loads, capsys.readouterr().out.splitlines())
    assert all(each["event"] == "progress" for each in before)
    return code, last


@contextmanager
def head(answer: Answer, behind: int = 0, spoils: bytes = b"") -> Iterator[str]:
    """A head that answers so: all requests, or those that hold `spoils`, if another one is behind it."""
    listening = socket.create_server(("127.0.0.1", 0))

    def one(coming: socket.socket) -> None:
        with suppress(OSError), coming:
            asked = b""
            while data := coming.recv(1 << 16):
                asked += data
                if b"\r\n\r\n" not in asked:
                    continue
                if not behind or spoils in asked:
                    answer(coming)
                    return
                with socket.create_connection(("127.0.0.1", behind)) as going:
                    going.sendall(asked.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
                    while data := going.recv(1 << 16):
                        coming.sendall(data)
                return

    def serve() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=one, args=(listening.accept()[0],), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    with listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)


def says(text: str, *, pause: float = 0) -> Answer:
    def answer(coming: socket.socket) -> None:
        coming.sendall(text.replace("\n", "\r\n").encode())
        time.sleep(pause)

    return answer


def too_much(coming: socket.socket) -> None:
    coming.sendall(b"HTTP/1.1 206 Partial Content\r\nContent-Length: 900000000\r\n\r\n")
    for _ in range(200):
        coming.sendall(bytes(1 << 20))


HEADS = {
    "503 busy": says("HTTP/1.1 503 busy\nContent-Length: 0\n\n"),
    "stalls in the body": says("HTTP/1.1 206 Partial Content\nContent-Length: 9\n\nhalf", pause=1),
    "sends too much": too_much,
}
REFUSALS = {
    "302 found": says("HTTP/1.1 302 found\nLocation: http://127.0.0.1:1/\nContent-Length: 0\n\n"),
}


@pytest.mark.parametrize(
    ("answer", "swarm"), [*((each, False) for each in (*HEADS, *REFUSALS)), ("503 busy", True)]
)
def test_a_head_that_fails_in_the_middle(
    ground: Ground, tmp_path: Path, capsys: pytest.CaptureFixture[str], answer: str, swarm: bool
) -> None:
    card = blank(tmp_path / "card", 20 * MIB)
    given = ground.order(TINY, card)
    well = int(given.source.split(":")[2].split("/")[0])
    with head({**HEADS, **REFUSALS}[answer], well, b".img ") as url:
        code, last = ended(
            tmp_path,
            as_json(replace(given, source=f"{url}/{TINY.label}/", swarm=swarm)),
            capsys,
        )
    assert (code, last["event"]) == (1, "error")
    gone = f"`{url}/{TINY.label}/` does not answer any more"
    absent = f"`tiny-{TINY.version}.img` is not to be had from `{url}/{TINY.label}/`"
    assert last["message"] == (gone if answer in HEADS else absent)
    assert answer in [*last["facts"], *HEADS]
    # It says so itself, and its board asks the network.
    assert not any(card.read_bytes()[:4096])


@pytest.mark.parametrize(
    "answer", ['{"piece": [], "source": "", "wait": 0}', '{"piece": -1, "source": "", "wait": 1e400}']
)
def test_a_head_that_tells_nothing_of_use(
    ground: Ground, tmp_path: Path, capsys: pytest.CaptureFixture[str], answer: str
) -> None:
    """All is taken from it then."""
    given = ground.order(TINY, blank(tmp_path / "card", 20 * MIB))
    well = int(given.source.split(":")[2].split("/")[0])
    told = says(f"HTTP/1.1 200 OK\nContent-Length: {len(answer)}\n\n{answer}")
    with head(told, well, b"POST ") as url:
        order = as_json(replace(given, source=f"{url}/{TINY.label}/", swarm=True))
        code, last = ended(tmp_path, order, capsys)
    assert (code, last["event"], last.get("outcome")) == (0, "receipt", "written"), last


def test_a_node_that_sends_without_end() -> None:
    began = time.monotonic()
    with head(too_much) as url, pytest.raises(Exception, match="206"):
        tracker.piece(url, 1)
    with head(says("HTTP/1.1 200 OK\n\n" + "x" * 10 * MIB)) as url, pytest.raises(Exception, match="larger"):
        tracker.piece(url, 1)
    assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"source": "http://127.0.0.1:99999/tiny/1/"}, "is no source of a release"),
        ({"source": "http://[::1/tiny/1/"}, "is no source of a release"),
        ({"identity": {"root": 7}}, "the order is not whole"),
        ({"identity": {"texts": {"etc/rack": 7}}}, "the order is not whole"),
        ({"identity": []}, "the order is not whole"),
    ],
)
def test_an_order_with_a_fault(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], more: dict[str, Any], message: str
) -> None:
    code, last = ended(tmp_path, as_json(ORDER, **more), capsys)
    assert (code, last["event"]) == (last["exit"], "error")
    assert message in last["message"]


def test_orders_nested_without_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, last = ended(tmp_path, "[" * 100_000, capsys)
    assert (code, last["message"]) == (Exit.USAGE, "the order is not JSON")


def test_what_nobody_foresaw_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any) -> None:
        raise OSError(28, "No space left on device", "/run/x")

    monkeypatch.setattr(program, "carry_out", fails)
    code, last = ended(tmp_path, as_json(ORDER), capsys)
    assert (code, last["event"], last["exit"]) == (1, "error", 1)
    assert last["message"] == "the flasher ended where it should not: OSError"
    assert last["facts"][0] == "[Errno 28] No space left on device: '/run/x'"
