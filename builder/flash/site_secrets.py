# SPDX-License-Identifier: Apache-2.0
"""The site's secrets, read when they are given to a node and at no other time."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from builder.errors import LackingError, RecipeError
from builder.recipe.site import Site

_SHORTEST, _LONGEST = 8, 63
"""Bytes of a passphrase, as WPA has it."""
_END_OF_LINE = re.compile(rb"[\r\n]")
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")


def secrets(site: Site, names: Iterable[str], root: Path, environment: Mapping[str, str]) -> dict[str, bytes]:
    """The secrets of these names; paths of site.yaml are relative to `root`.

    Raises RecipeError for one that site.yaml does not know, and for a passphrase that is none, LackingError
    for one that is not there.
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
        if site.wifi and site.wifi.secret == name:
            _refuse_odd(name, found[name])
    return found


def _refuse_odd(name: str, passphrase: bytes) -> None:
    """A node that cannot join its network cannot be asked why: so this is looked at before.

    Raises RecipeError for what wpa_passphrase, which reads it there to the end of a line, takes for none.
    """
    line = _END_OF_LINE.split(passphrase, maxsplit=1)[0]
    if _CONTROL.search(line):
        raise RecipeError(
            f"the secret `{name}` cannot be the passphrase of a wireless network: it has a control code",
            hint="write the passphrase itself, on the first line: a tab is none of its characters",
        )
    length = len(line)
    if not _SHORTEST <= length <= _LONGEST:
        raise RecipeError(
            f"the secret `{name}` cannot be the passphrase of a wireless network: it has {length} bytes",
            facts=[f"a passphrase has {_SHORTEST} to {_LONGEST}; a key of 64 hex digits is none"],
            hint="write the passphrase itself, on the first line",
        )


def _value(name: str, where: Mapping[str, object], root: Path, environment: Mapping[str, str]) -> bytes:
    if "env" in where:
        variable = str(where["env"])
        if variable not in environment:
            raise LackingError(
                f"the secret `{name}` is not there", hint=f"set it: read -rs {variable}; export {variable}"
            )
        return os.fsencode(environment[variable])
    path = root / str(where["file"])
    try:
        return path.read_bytes()
    except OSError as error:
        raise LackingError(
            f"the secret `{name}` cannot be read",
            facts=[f"`{path}`: {(error.strerror or str(error)).lower()}"],
            hint="write it there, readable for you alone",
        ) from error
