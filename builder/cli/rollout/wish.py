# SPDX-License-Identifier: Apache-2.0
"""What a rollout may do to cards, and the secrets that it brings there."""

from __future__ import annotations

import base64
from argparse import Namespace
from pathlib import Path

from builder.cli.project import Project
from builder.cli.wanted_secrets import wanted_secrets
from builder.flash.agent import release
from builder.rollout.orders import Wish


def wish_of(arguments: Namespace, project: Project, folder: Path) -> Wish:
    """From the command line and site.yaml; `folder` is the image's release."""
    secrets = secrets_of(project, folder)
    return Wish(arguments.take_card, arguments.keep_data, arguments.older, secrets, arguments.transport)


def secrets_of(project: Project, folder: Path) -> dict[str, str]:
    """The site's secrets that the release in `folder` wants, by name and in base64.

    Where that is not here any more no secret is given, and a node whose image wants one refuses it by name.
    """
    manifest = folder / "manifest.json"
    wants = release.parse(manifest.read_bytes()).wants if manifest.is_file() else ()
    found = wanted_secrets(project, wants)
    return {name: base64.b64encode(value).decode() for name, value in found.items()}
