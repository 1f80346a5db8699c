# SPDX-License-Identifier: Apache-2.0
"""Any part of a file over HTTP, on connections that stay; plain, or packed for who asks so.

A request with `Nodebake-Pack: deflate` gets the part that its `Range` names deflated, by the zlib format, and
is told so by the same header. What is packed follows from the bytes alone, so it can be handed on.

`POST /RECIPE/VERSION/swarm` is a node's question whom it is to take what from: docs/reference/flashing.md.
"""

from __future__ import annotations

import io
import json
import os
import re
import time
import zlib
from collections.abc import Mapping
from dataclasses import asdict
from functools import lru_cache
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Lock
from typing import IO, Any

from builder.head.served.swarm import Asked, Swarm

PACK, DEFLATE = "Nodebake-Pack", "deflate"
_PACKED_AT_MOST = 16 << 20
"""Bytes of a part that is packed, in memory; a larger one goes as it is."""
_EFFORT = 1
"""The fastest way: a Pi packs no slower than a wire of 100 Mbit/s takes it."""
_KEPT = 16
"""Parts that are kept packed: nodes that are flashed at the same time ask for the same ones."""
_QUESTION_AT_MOST = 1 << 16
_RANGE = re.compile(r"bytes=(\d+)-(\d*)")
_CHUNK = 1 << 18
_SILENCE = 60
"""Seconds after which a node that says nothing more is let go."""


class Answers(BaseHTTPRequestHandler):
    """Each server has a class of its own, with its files and swarms by their paths."""

    protocol_version = "HTTP/1.1"
    server_version, sys_version = "nodebake-head", ""
    timeout = _SILENCE
    # An answer's head and body are two writes: the second would wait for the first to be acknowledged.
    disable_nagle_algorithm = True
    files: Mapping[str, Path] = {}
    swarms: Mapping[str, Swarm] = {}
    asking: Lock

    def do_GET(self) -> None:
        self._answer(body=True)

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_POST(self) -> None:
        swarm = self.swarms.get(self.path)
        size = self.headers.get("Content-Length", "")
        if swarm is None or not size.isdigit() or int(size) > _QUESTION_AT_MOST:
            self.close_connection = True
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        try:
            port, asked = _asked(json.loads(self.rfile.read(int(size))))
        except (ValueError, KeyError, TypeError) as error:
            self.send_error(HTTPStatus.BAD_REQUEST, f"{type(error).__name__}")
            return
        node = f"http://{self.client_address[0]}:{port}/"
        answer = {}
        with self.asking:
            if asked:
                answer = asdict(swarm.ask(node, asked, time.monotonic()))
            else:
                swarm.leave(node)
        data = json.dumps(answer).encode()
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *arguments: object) -> None:
        """What goes wrong is told by the node, whose order it is."""

    def _answer(self, *, body: bool) -> None:
        path = self.files.get(self.path)
        try:
            stream = path.open("rb") if path else None
        except OSError:
            stream = None
        if path is None or stream is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        with stream:
            status = os.fstat(stream.fileno())
            part = _part(self.headers.get("Range"), status.st_size)
            if part is None:
                self.send_response(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
                self.send_header("Content-Range", f"bytes */{status.st_size}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            first, end = part
            if self.headers.get("Range"):
                self.send_response(HTTPStatus.PARTIAL_CONTENT)
                self.send_header("Content-Range", f"bytes {first}-{end - 1}/{status.st_size}")
            else:
                self.send_response(HTTPStatus.OK)
            self.send_header("Accept-Ranges", "bytes")
            self.send_header("Content-Type", "application/octet-stream")
            if self.headers.get(PACK) == DEFLATE and end - first <= _PACKED_AT_MOST:
                data = _packed(path, status.st_mtime_ns, first, end)
                self.send_header(PACK, DEFLATE)
                self._send(io.BytesIO(data), 0, len(data), body=body)
            else:
                self._send(stream, first, end, body=body)

    def _send(self, stream: IO[bytes], first: int, end: int, *, body: bool) -> None:
        self.send_header("Content-Length", str(end - first))
        self.end_headers()
        stream.seek(first)
        try:
            while body and first < end and (data := stream.read(min(_CHUNK, end - first))):
                self.wfile.write(data)
                first += len(data)
        except OSError:
            # It went, or was cut off; whoever flashes asks again.
            self.close_connection = True


@lru_cache(_KEPT)
def _packed(path: Path, changed: int, first: int, end: int) -> bytes:
    """A part of a file, deflated; `changed` is when the file did, so that no former one is kept for it."""
    with path.open("rb") as stream:
        stream.seek(first)
        return zlib.compress(stream.read(end - first), _EFFORT)


def _asked(told: Any) -> tuple[int, Asked | None]:
    """A node's port and question, none of one that leaves. Raises ValueError, KeyError or TypeError."""
    has, wants, taking = (int(told[word], 16) for word in ("has", "wants", "taking"))
    if min(has, wants, taking) < 0 or not 0 < int(told["port"]) < 1 << 16:
        raise ValueError
    if told["leaves"] is True:
        return int(told["port"]), None
    return int(told["port"]), Asked(has, wants, taking, frozenset(map(str, told["avoids"])))


def _part(asked: str | None, size: int) -> tuple[int, int] | None:
    """First byte and end of what is asked for; None when there is no such part."""
    if asked is None:
        return 0, size
    found = _RANGE.fullmatch(asked.strip())
    if not found:
        return None
    first, end = int(found[1]), int(found[2]) + 1 if found[2] else size
    return (first, min(end, size)) if first < min(end, size) else None
