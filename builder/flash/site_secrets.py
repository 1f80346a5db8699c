# SPDX-License-Identifier: Apache-2.0
"""The site's secrets, read when they are given to a node and at no other time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from builder.errors import LackingError, RecipeError
from builder.recipe.site import Site


def secrets(site: Site, names: Iterable[str], root: Path, environment: Mapping[str, str]) -> dict[str, bytes]:
    """The secrets of these names; paths of site.yaml are relative to `root`.

    Raises RecipeError for one that site.yaml does not know, LackingError for one that is not there.
    """
    data = site.document.data if site.document else None
    told = data.get("secrets", {}) if isinstance(data, dict) else {}
    found = {}
    for name in names:
        where = told.get(name) if isinstance(told, dict) else None
        if not isinstance(where, dict):
            raise RecipeError(
                f"the release wants a secret `{name}` that site.yaml does not know",
                hint=f"under `secrets:` write `{name}: {{file: PATH}}`",
            )
        found[name] = _value(name, where, root, environment)
    return found


def _value(name: str, where: Mapping[str, object], root: Path, environment: Mapping[str, str]) -> bytes:
    if "env" in where:
        variable = str(where["env"])
        if variable not in environment:
            raise LackingError(
                f"the secret `{name}` is not there", hint=f"set it: read -rs {variable}; export {variable}"
            )
        return environment[variable].encode()
    path = root / str(where["file"])
    try:
        return path.read_bytes()
    except OSError as error:
        raise LackingError(
            f"the secret `{name}` cannot be read",
            facts=[f"`{path}`: {(error.strerror or str(error)).lower()}"],
            hint="write it there, readable for you alone",
        ) from error
