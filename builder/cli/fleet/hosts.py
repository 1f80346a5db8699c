# SPDX-License-Identifier: Apache-2.0
"""The project's host keys, brought up to what the head has."""

from __future__ import annotations

from builder.cli.at_head import AtHead
from builder.cli.project import Project
from builder.fleet.connect import Access
from builder.fleet.known_hosts import merged
from builder.host.files import replace_text


def refresh_hosts(head: AtHead, project: Project) -> None:
    """Write the published nodes' host keys into the file that logins go by."""
    path = Access(project.cluster().ssh, project.root).hosts_file
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    after = merged(before, head.value("known-hosts"))
    if after != before:
        replace_text(path, after)
