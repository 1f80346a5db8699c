# SPDX-License-Identifier: Apache-2.0
"""Nodes that are left out, told to whoever thinks that all are meant."""

from __future__ import annotations

from collections.abc import Sequence

from builder.cluster.cluster import Cluster, Node
from builder.deploy.stock import forgotten
from builder.report.report import Report


def warn_of_forgotten(cluster: Cluster, words: Sequence[str], report: Report) -> None:
    """Of all nodes are meant only those that can be booted: who else could, were it better known."""
    if nodes := forgotten(cluster, words):
        warn_of_silent(cluster, nodes, report)


def warn_of_silent(cluster: Cluster, nodes: Sequence[Node], report: Report) -> None:
    """These have no MAC address in cluster.yaml."""
    report.warn(f"`{cluster.fold(nodes)}` is left out: its MAC address is not known")
