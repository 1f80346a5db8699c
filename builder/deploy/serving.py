# SPDX-License-Identifier: Apache-2.0
"""The head serves releases to nodes that are flashed, as long as somebody here wants it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from builder.deploy.remote import Failed, Head, command, no_command


@contextmanager
def served(head: Head, release: str, *, also: Sequence[str] = (), sudo: bool) -> Iterator[str]:
    """The URL behind which the head serves releases while the body runs. Raises Failed with what it tells.

    Those of `also` it serves if it holds their images.

    It ends with the connection, so nobody leaves it open.
    """
    told = []
    more = ["--also", ",".join(also)] if also else []
    with head.kept([*command("serve", release, *more, sudo=sudo), "--json"]) as lines:
        for line in lines:
            told.append(line)
            event = json.loads(line) if line.startswith("{") else {}
            if event.get("event") == "error":
                raise Failed(event)
            if event.get("event") == "answer":
                yield str(event["value"]["url"])
                return
        raise no_command(head.name, told, 1)
