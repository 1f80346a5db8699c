# SPDX-License-Identifier: Apache-2.0
"""A recipe that was resolved before: while nothing has changed that it was read from, it is not read again.

Parsing and checking take longer than all else that a build with nothing to do does. What was resolved
last lies in the store: JSON with `format`, `by` (the program and the words of the command line), `asked`
(every question that reading put to the project, with the hash of its answer), `recipe`, `archives`, and
`seal` (the hash of all that, for what lies in a store is not trusted to be whole).
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from builder.cli.project import Project
from builder.host.files import replace_text
from builder.plan.encode import decode, encode
from builder.recipe.recipe import Recipe
from builder.recipe.trace import Traced, holds
from builder.store.held import UNREADABLE

FORMAT = 1
_PROGRAM = Path(__file__).parents[1]
_LIBRARIES = ("pydantic", "ruamel", "jinja2")
"""Those that have a say in what a recipe resolves to."""


@dataclass(frozen=True)
class Resolved:
    """A recipe, and archive word → URI that the site wants building to fetch from."""

    recipe: Recipe
    archives: Mapping[str, str]


def resolved(project: Project, name: str, settings: Mapping[str, str], store: Path) -> Resolved:
    """The recipe `name` with `--set` settings, as it was or anew. Raises Problems as resolving does."""
    path = store / "resolved" / _hash([str(project.root), name])[:16]
    by = _hash([_program(), str(project.root), name, dict(settings)])
    return _recall(path, by, project) or _resolve(path, by, project, name, settings)


def _recall(path: Path, by: str, project: Project) -> Resolved | None:
    """What is kept at `path`, if resolving would give the same."""
    try:
        kept = json.loads(path.read_bytes())
        if kept.pop("seal") != _hash(kept) or kept["format"] != FORMAT or kept["by"] != by:
            return None
        if not holds(project.sources(), kept["asked"]):
            return None
        return Resolved(decode(kept["recipe"]), kept["archives"])
    except UNREADABLE:
        return None


def _resolve(path: Path, by: str, project: Project, name: str, settings: Mapping[str, str]) -> Resolved:
    """Read the project, and keep what came of it."""
    from builder.recipe.resolve import archives, resolve

    traced = Traced(project.sources())
    found = Resolved(resolve(traced, name, settings), archives(traced))
    kept = {
        "format": FORMAT,
        "by": by,
        "asked": traced.asked,
        "recipe": encode(found.recipe),
        "archives": found.archives,
    }
    text = json.dumps({**kept, "seal": _hash(kept)})
    # Better read again each time than come back as something else.
    if decode(json.loads(text)["recipe"]) == found.recipe:
        # Where there is no store yet, or one that cannot be written, it is read again the next time.
        with suppress(OSError):
            replace_text(path, text + "\n")
    return found


def _program() -> list[object]:
    """What Python itself tells changed code by, of all of ours; and when a library last came or went."""
    files = sorted(
        (entry.path, state.st_size, state.st_mtime_ns)
        for folder, _, _ in os.walk(_PROGRAM)
        for entry in os.scandir(folder)
        if entry.name.endswith((".py", ".yaml"))
        for state in (entry.stat(),)
    )
    specs = (find_spec(name) for name in _LIBRARIES)
    places = {Path(place).parent for spec in specs if spec for place in spec.submodule_search_locations or ()}
    return [sys.version, files, *sorted((str(place), place.stat().st_mtime_ns) for place in places)]


def _hash(value: object) -> str:
    # In ASCII, for paths may hold what no encoding knows.
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
