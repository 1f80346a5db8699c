# SPDX-License-Identifier: Apache-2.0
"""What a rollout is asked for, and the secrets that it brings to cards."""

from __future__ import annotations

import base64
import math
from argparse import Namespace
from dataclasses import asdict, replace
from pathlib import Path

from builder.cli.project import Project
from builder.cli.wanted_secrets import wanted_secrets
from builder.errors import RecipeError
from builder.flash.agent import release
from builder.rollout.orders import Wish
from builder.rollout.plan import UP_SECONDS, Asked


def asked_of(arguments: Namespace, begun: Asked | None = None) -> Asked:
    """What the command line asks for, and what was asked for when the rollout was begun.

    Who goes on need not say it again: `--keep-data` forgotten would cost the data. So a flag that is not said
    is no word against it. Raises RecipeError for a time in which nothing comes up.
    """
    former = begun or Asked()
    given = {name: getattr(arguments, name, None) for name in asdict(former)}
    said = {name: value for name, value in given.items() if value is not None and value is not False}
    asked = replace(former, **said)
    if not 0 < asked.up_within < math.inf:
        raise RecipeError(
            f"`--up-within {asked.up_within:g}`: no node comes up in such a time",
            hint=f"in seconds; {UP_SECONDS:g} when nobody has said",
        )
    return asked


def wish_of(asked: Asked, project: Project, folder: Path) -> Wish:
    """With what site.yaml knows; `folder` is the image's release."""
    return Wish(asked, secrets_of(project, folder))


def secrets_of(project: Project, folder: Path) -> dict[str, str]:
    """The site's secrets that the release in `folder` wants, by name and in base64.

    Where that is not here any more no secret is given, and a node whose image wants one refuses it by name.
    """
    manifest = folder / "manifest.json"
    wants = release.parse(manifest.read_bytes()).wants if manifest.is_file() else ()
    found = wanted_secrets(project, wants)
    return {name: base64.b64encode(value).decode() for name, value in found.items()}
