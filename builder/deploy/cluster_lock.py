# SPDX-License-Identifier: Apache-2.0
"""The cluster for one's own: what changes many nodes for a long time keeps others from doing so meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from builder.deploy.remote import Failed, Head, command, event_of, no_command


@contextmanager
def cluster_lock(head: Head, what: str, by: str, *, sudo: bool) -> Iterator[None]:
    """Have the cluster for `what` while the body runs. Raises Failed, which names the holder.

    The head lets go when the connection ends, so nobody can leave it locked.
    """
    told = []
    with head.kept([*command("lock", what, "--by", by, sudo=sudo), "--json"]) as lines:
        for line in lines:
            told.append(line)
            event = event_of(line)
            if event.get("event") == "error":
                raise Failed(event)
            if event.get("event") == "answer":
                break
        else:
            raise no_command(head.name, told, 1)
        yield
