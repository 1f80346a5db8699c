# SPDX-License-Identifier: Apache-2.0
"""Where the files of a release come from: over HTTP, part by part, deflated where the server can do that.

Our own servers know `Nodebake-Pack`; any other that knows `Range` will do.
"""

from __future__ import annotations

import http.client
import time
import zlib
from typing import Protocol
from urllib.parse import quote, urlsplit

from builder.errors import NodebakeError, RecipeError

PACK, DEFLATE = "Nodebake-Pack", "deflate"
_SILENCE = 20
"""Seconds without a byte after which a connection counts as cut."""
_PATIENCE = 120
"""Seconds that a server may be away before it is given up."""


class Source(Protocol):
    """The files of one release."""

    moved: int
    """Bytes that came from it so far."""

    def small(self, name: str, limit: int) -> bytes:
        """A whole file of at most `limit` bytes."""

    def read(self, name: str, start: int, size: int) -> bytes:
        """A part of a file, exactly so long."""


class Web:
    """A release behind a URL that ends in a slash; one connection, kept, made anew when it is cut."""

    def __init__(self, url: str, *, patience: float = _PATIENCE, silence: float = _SILENCE) -> None:
        self._host, self._port, self._path = _parts(url)
        self._url = url
        self._patience, self._silence = patience, silence
        self._connection: http.client.HTTPConnection | None = None
        self.moved = 0

    def small(self, name: str, limit: int) -> bytes:
        """Raises NodebakeError when there is none, or a larger one."""
        return limited(self._ask(name, f"bytes=0-{limit}", limit + 1)[0], name, limit)

    def read(self, name: str, start: int, size: int) -> bytes:
        """Raises NodebakeError when the server does not have it, or is gone for too long."""
        return self.piece(name, start, size)[0]

    def piece(self, name: str, start: int, size: int) -> tuple[bytes, bytes]:
        """The same, and as it came: deflated, or nothing where the server does not do that."""
        data, packed = self._ask(name, f"bytes={start}-{start + size - 1}", size)
        if len(data) != size:
            raise absent(name, self._url, f"it ends at {start + len(data)} bytes")
        return data, packed

    def close(self) -> None:
        """Hang up; the next question makes a new connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _ask(self, name: str, part: str, most: int) -> tuple[bytes, bytes]:
        """A part of a file; asked for again as long as there is patience."""
        until = time.monotonic() + self._patience
        pause = 0.1
        while True:
            try:
                return self._once(name, part, most)
            except (OSError, http.client.HTTPException) as error:
                self.close()
                if time.monotonic() + pause > until:
                    raise NodebakeError(
                        f"`{self._url}` does not answer any more",
                        facts=[f"{type(error).__name__}: {error}", f"asked for {self._patience:g} s"],
                        hint="flash again: it goes on where this ended",
                    ) from error
                time.sleep(pause)
                pause = min(pause * 2, 5)

    def _once(self, name: str, part: str, most: int) -> tuple[bytes, bytes]:
        if self._connection is None:
            self._connection = http.client.HTTPConnection(self._host, self._port, timeout=self._silence)
        headers = {"Range": part, PACK: DEFLATE}
        self._connection.request("GET", self._path + quote(name), headers=headers)
        answer = self._connection.getresponse()
        if answer.status != http.client.PARTIAL_CONTENT:
            self.close()
            if answer.status >= http.client.INTERNAL_SERVER_ERROR:
                raise http.client.HTTPException(f"{answer.status} {answer.reason}")
            raise absent(name, self._url, f"{answer.status} {answer.reason}".lower())
        # What cannot be deflated becomes longer by less than that.
        data = answer.read(most + (most >> 10) + 64)
        if answer.length:
            self.close()
            raise http.client.IncompleteRead(data, answer.length)
        self.moved += len(data)
        return (unpacked(data, most), data) if answer.headers.get(PACK) == DEFLATE else (data, b"")


def _parts(url: str) -> tuple[str, int, str]:
    """Host, port and path of a release's URL. Raises RecipeError for any other."""
    try:
        parts = urlsplit(url)
        port = parts.port or 80
    except ValueError:
        parts, port = urlsplit(""), 0
    if parts.scheme != "http" or not parts.hostname or not parts.path.endswith("/"):
        raise RecipeError(
            f"`{url}` is no source of a release", hint="name an http:// URL that ends in a slash"
        )
    return parts.hostname, port, parts.path


def unpacked(data: bytes, most: int) -> bytes:
    """What was deflated, at most so many bytes of it. Raises HTTPException when it is not whole."""
    unpacking = zlib.decompressobj()
    try:
        plain = unpacking.decompress(data, most)
    except zlib.error as error:
        raise http.client.HTTPException(f"what came is damaged: {error}") from error
    if not unpacking.eof and len(plain) < most:
        raise http.client.HTTPException("what came is cut short")
    return plain


def limited(data: bytes, name: str, limit: int) -> bytes:
    """`data`, which is not longer than `limit`. Raises NodebakeError."""
    if len(data) > limit:
        raise NodebakeError(f"`{name}` is larger than such a file can be", facts=[f"more than {limit} bytes"])
    return data


def absent(name: str, where: str, fact: str) -> NodebakeError:
    """A file of a release, or a part of it, is not there."""
    return NodebakeError(
        f"`{name}` is not to be had from `{where}`", facts=[fact], hint="publish or build the release again"
    )
