# SPDX-License-Identifier: Apache-2.0
"""The cluster for one's own: what changes many nodes for a long time keeps others from doing so meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from builder.deploy.remote import Head, kept


@contextmanager
def cluster_lock(head: Head, what: str, by: str, *, sudo: bool) -> Iterator[None]:
    """Have the cluster for `what` while the body runs. Raises Failed, which names the holder.

    The head lets go when the connection ends, so nobody can leave it locked.
    """
    with kept(head, "lock", what, "--by", by, sudo=sudo):
        yield
