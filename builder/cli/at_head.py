# SPDX-License-Identifier: Apache-2.0
"""What the verbs that speak with the head share: which head, how to get there, and as whom."""

from __future__ import annotations

import os
import re
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from builder.cli.project import Project, project_of
from builder.deploy.here import Here
from builder.deploy.remote import Called, Head, call
from builder.errors import NodebakeError, RecipeError

if TYPE_CHECKING:
    from builder.cluster.cluster import Cluster
    from builder.deploy.ssh import Address
    from builder.report.report import Report

_ADDRESS = re.compile(r"(?:(?P<user>[^@\s]+)@)?(?P<host>[^@:\s]+)(?::(?P<port>\d+))?")


@dataclass(frozen=True)
class AtHead:
    """A head that calls can be made at; `sudo` where its user is not root."""

    head: Head
    sudo: bool
    report: Report

    def call(self, *words: str) -> Called:
        """The answer of a verb of nodebake-head."""
        return call(self.head, self.report, *words, sudo=self.sudo)

    def value(self, *words: str) -> Any:
        return self.call(*words).value


@contextmanager
def at_head(arguments: Namespace, report: Report) -> Iterator[AtHead]:
    """The head that the command line names, or else cluster.yaml."""
    if arguments.here:
        yield AtHead(Here(), os.geteuid() != 0, report)
        return
    from builder.deploy.ssh import opened

    address = address_of(arguments)
    with opened(address) as head:
        yield AtHead(head, address.user != "root", report)


def address_of(arguments: Namespace) -> Address:
    """`--head`, or the head of cluster.yaml by the side that is not the cluster's."""
    from builder.deploy.ssh import Address

    if not arguments.head:
        project = project_of(arguments)
        cluster = project.cluster()
        head = cluster.head
        return Address(str(head.outside or head.address), head.user, cluster.ssh.port, _key(project, cluster))
    found = _ADDRESS.fullmatch(arguments.head)
    if not found:
        raise RecipeError(f"`--head {arguments.head}` is no address", hint="for instance pi@192.168.1.111")
    key = None
    # Who names the head needs no inventory.
    with suppress(NodebakeError):
        project = project_of(arguments)
        key = _key(project, project.cluster())
    return Address(found["host"], found["user"] or "", int(found["port"] or 22), key)


def _key(project: Project, cluster: Cluster) -> Path | None:
    return project.root / cluster.ssh.key if cluster.ssh.key else None


def names_of(cluster: Cluster, words: list[str]) -> tuple[str, ...]:
    """Names of the nodes that the words mean; none when there is no word: nodebake-head takes all then."""
    from builder.deploy.stock import chosen

    return tuple(node.name for node in chosen(cluster, words)) if words else ()
