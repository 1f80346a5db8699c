# SPDX-License-Identifier: Apache-2.0
"""The site's secrets that a release wants on its cards, and no others."""

from __future__ import annotations

import os
from collections.abc import Sequence

from builder.cli.project import Project
from builder.errors import NodebakeError, Problems
from builder.flash.site_secrets import secrets
from builder.recipe import site as sites


def wanted_secrets(project: Project, wants: Sequence[str]) -> dict[str, bytes]:
    """Their values by name, read where site.yaml says. Raises NodebakeError for what is not there."""
    if not wants:
        return {}
    problems: list[NodebakeError] = []
    site = sites.load(project.sources(), problems)
    if problems:
        raise Problems(problems)
    return secrets(site, wants, project.root, os.environ)
