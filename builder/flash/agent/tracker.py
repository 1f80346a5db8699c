# SPDX-License-Identifier: Apache-2.0
"""What a node of a swarm says over HTTP: to the head, from whom to take what; to another node, a piece."""

from __future__ import annotations

import http.client
import json
import socket
import time
from dataclasses import asdict, dataclass
from urllib.parse import urlsplit

HEAD = ""
"""As a source: the head itself."""
_SILENCE = 4.0
"""Seconds without a byte after which another node counts as gone."""
_PIECE_SECONDS = 15.0
_HEAD_SECONDS = 10.0
_LARGEST = 4 << 20


@dataclass(frozen=True)
class Question:
    """Pieces that are here, wanted, and under way, a bit each; at which port we hand on; whom we avoid.

    Who `leaves` hands on nothing any more, and is answered nothing.
    """

    port: int
    has: int = 0
    wants: int = 0
    taking: int = 0
    avoids: tuple[str, ...] = ()
    leaves: bool = False


class Tracker:
    """The head, as the one who knows who has what."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = str(parts.hostname), parts.port or 80
        self._path = f"{parts.path}swarm"
        self._connection: http.client.HTTPConnection | None = None

    @property
    def own_address(self) -> str:
        """Our address on the way to the head."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect((self._host, self._port))
            return str(probe.getsockname()[0])

    def ask(self, question: Question) -> tuple[int, str, float]:
        """A piece and who has it, or -1 and for how long to wait.

        Raises OSError, HTTPException, ValueError, KeyError or TypeError without an answer.
        """
        told = asdict(question)
        for word in ("has", "wants", "taking"):
            told[word] = f"{told[word]:x}"
        if self._connection is None:
            self._connection = http.client.HTTPConnection(self._host, self._port, timeout=_HEAD_SECONDS)
        self._connection.request("POST", self._path, json.dumps(told).encode())
        answer = self._connection.getresponse()
        data = answer.read()
        if answer.status != http.client.OK:
            raise http.client.HTTPException(f"{answer.status} {answer.reason}")
        said = json.loads(data) or {"piece": -1, "source": HEAD, "wait": 0.0}
        return int(said["piece"]), str(said["source"]), min(float(said["wait"]), _HEAD_SECONDS)

    def close(self) -> None:
        """Hang up; the next question makes a new connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def piece(url: str, number: int) -> bytes:
    """A packed piece from another node. Raises OSError or HTTPException when it does not come in time."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=_SILENCE)
    until = time.monotonic() + _PIECE_SECONDS
    try:
        connection.request("GET", f"/{number}")
        answer = connection.getresponse()
        if answer.status != http.client.OK or (answer.length or 0) > _LARGEST:
            raise http.client.HTTPException(f"{answer.status} {answer.reason}")
        found = bytearray()
        while data := answer.read1(1 << 18):
            found += data
            if len(found) > _LARGEST:
                raise http.client.HTTPException("it is larger than a piece can be")
            if time.monotonic() > until:
                raise TimeoutError
        if answer.length:
            raise http.client.IncompleteRead(bytes(found), answer.length)
        return bytes(found)
    finally:
        connection.close()
