# SPDX-License-Identifier: Apache-2.0
"""cluster.yaml, written anew: only when it would check, and with one rename."""

from __future__ import annotations

from builder.cli.nodes.check import sound
from builder.cli.project import Project
from builder.cluster.cluster import Cluster
from builder.cluster.edit import Changes, edited
from builder.cluster.load import FILE, of_document
from builder.errors import NodebakeError, Problems
from builder.host.files import replace_text
from builder.recipe.yaml_tree import parse
from builder.report.report import Report


def changed(project: Project, cluster: Cluster, changes: Changes, report: Report) -> Cluster:
    """What the cluster would be; Problems when that would not check. Nothing is written."""
    problems: list[NodebakeError] = []
    new = of_document(parse(FILE, edited(cluster.document, changes)), problems)
    try:
        if new is None:
            raise Problems(problems)
        sound(project, new)
    except Problems:
        report.warn(f"`{FILE}` stays as it was; with the change it would not check:")
        raise
    return new


def rewrite(project: Project, cluster: Cluster, changes: Changes, report: Report) -> Cluster:
    """Make the changes in the project's cluster.yaml; returns what the cluster is now."""
    new = changed(project, cluster, changes, report)
    replace_text((project.root / FILE).resolve(), new.document.text)
    return new
