# SPDX-License-Identifier: Apache-2.0
"""What a node hands on to others while its card is written: pieces of the image, as they came, over HTTP.

The last ones are kept as they came; older ones are read off the card. What was changed for this node is
undone first, and nothing leaves it that is not a block of the signed image.
"""

from __future__ import annotations

import zlib
from collections import OrderedDict
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread

from builder.errors import NodebakeError
from builder.flash.agent.blocks import Blocks
from builder.flash.agent.direct import Reader
from builder.flash.agent.pieces import BLOCKS, run_of
from builder.release.index import BLOCK_SIZE

_KEPT = 8 << 20
"""Bytes of packed pieces that are kept in memory."""
_EFFORT = 1
_SILENCE = 10
_NOTICED = 0.2
"""Seconds until a server that is closed notices it; each time it looks it takes from the flashing."""
_COUNTING = Lock()


@dataclass
class Stock:
    """Packed pieces, in memory and on the card."""

    blocks: Blocks
    device: str
    _kept: OrderedDict[int, bytes] = field(default_factory=OrderedDict)
    _size: int = 0
    _one: Lock = field(default_factory=Lock)
    _reader: Reader | None = None

    def keep(self, piece: int, packed: bytes) -> None:
        """Keep a piece for those who ask for it soon."""
        with self._one:
            self._size += len(packed) - len(self._kept.pop(piece, b""))
            self._kept[piece] = packed
            while self._size > _KEPT:
                self._size -= len(self._kept.popitem(last=False)[1])

    def find(self, piece: int) -> bytes | None:
        """A piece, packed; None when it is not here, or not any more what it was."""
        with self._one:
            kept = self._kept.get(piece)
        if kept is None and (kept := self._from_card(piece)) is not None:
            self.keep(piece, kept)
        return kept

    def _from_card(self, piece: int) -> bytes | None:
        run = run_of(piece, len(self.blocks.wanted.index))
        if run.count < 1:
            return None
        wanted = self.blocks.wanted
        with self._one:
            try:
                self._reader = self._reader or Reader(self.device, BLOCKS * BLOCK_SIZE)
                data = bytes(self._reader.read(run.start, self.blocks.size(run)))
            except NodebakeError:
                return None
        packing, found = zlib.compressobj(_EFFORT), bytearray()
        for block, content in run.pieces(memoryview(data)):
            plain = wanted.plain(block, bytes(content))
            if not wanted.is_image(block, plain):
                return None
            found += packing.compress(plain)
        return bytes(found + packing.flush())


class HandingOn:
    """Hands on what is in stock, at `url`, until it is closed."""

    def __init__(self, stock: Stock, address: str) -> None:
        self.sent = 0

        class Answers(_Answers):
            here, found = self, stock

        self._server = ThreadingHTTPServer((address, 0), Answers)
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        Thread(target=self._server.serve_forever, args=(_NOTICED,), name="handing on", daemon=True).start()

    def close(self) -> None:
        """Hand on no more."""
        self._server.shutdown()
        self._server.server_close()


class _Answers(BaseHTTPRequestHandler):
    server_version, sys_version = "nodebake-flash", ""
    timeout = _SILENCE
    here: HandingOn
    found: Stock

    def do_GET(self) -> None:
        name = self.path.removeprefix("/")
        data = self.found.find(int(name)) if name.isdecimal() and len(name) < 9 else None
        if data is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Length", str(len(data)))
        try:
            self.end_headers()
            self.wfile.write(data)
        except OSError:
            return
        with _COUNTING:
            self.here.sent += len(data)

    def log_message(self, format: str, *arguments: object) -> None:
        """Who asks tells what goes wrong."""
