# SPDX-License-Identifier: Apache-2.0
"""The maker's own files, which a site has and which nobody else may ship: each one pinned by its hash."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Annotated

from pydantic import Field, Tag

from builder.errors import RecipeError
from builder.recipe.confine import confine
from builder.recipe.effect import FromFile
from builder.recipe.either import by_type
from builder.recipe.scope import Scope
from builder.recipe.sources import OutsideError, SourceEntry
from builder.recipe.strict import Strict

_SHA256 = re.compile(r"[0-9a-f]{64}")
_MODE = re.compile(r"0?[0-7]{3}")
_PRIVATE = b"PRIVATE KEY-----"


class PinnedModel(Strict):
    """A file with its mode."""

    sha256: str = Field(description="as `sha256sum` prints it")
    mode: str | None = Field(None, description="octal, in quotes; else 0755 for programs and 0644")


class Originals(Strict):
    """The site's own files. Nothing in that folder is left out, and nothing is taken that is not listed."""

    # `from` cannot be a name in Python.
    folder: str = Field(
        alias="from", description="folder of the project that holds them; git need not know it"
    )
    files: dict[
        str,
        Annotated[
            Annotated[str, Tag("<word>")] | Annotated[PinnedModel, Tag("<mapping>")], by_type(str, dict)
        ],
    ] = Field(description="path in that folder to the file's sha256, or to `{sha256: …, mode: …}`")
    daemon: str | None = Field(None, description="the one that is the control plane, when no unit starts it")
    units: list[str] = Field([], description="those that are systemd units; they take the place of ours")


@dataclass(frozen=True)
class Pinned:
    """A file that is what the recipe says it is. A unit that `starts_by_itself` says when."""

    content: FromFile
    mode: int
    starts_by_itself: bool


def take(model: Originals, scope: Scope) -> dict[str, Pinned]:
    """Path → file, of those that are as listed; everything else is a problem."""
    there = _there(model, scope)
    taken = {}
    for name, given in model.files.items():
        pin = PinnedModel(sha256=given) if isinstance(given, str) else given
        found = _pinned(model.folder, name, pin, there.get(name), scope)
        if found:
            taken[name] = found
    for name in sorted(there.keys() - model.files.keys()):
        _unlisted(there[name], name, scope)
    _roles(model, taken, scope)
    return taken


def _there(model: Originals, scope: Scope) -> dict[str, SourceEntry]:
    """What lies in the folder, by its path in there."""
    try:
        inside = confine(model.folder) == model.folder
        entries = scope.sources.walk(model.folder) if inside else []
    except (ValueError, OutsideError):
        inside, entries = False, []
    if not inside:
        hint = "name a folder of the project, for example `overlays/maker-originals`"
        scope.problem(f"`{model.folder}` leaves the project", "originals", "from", hint=hint)
    return {entry.path.removeprefix(model.folder + "/"): entry for entry in entries if entry.kind != "d"}


def _pinned(
    folder: str, name: str, pin: PinnedModel, entry: SourceEntry | None, scope: Scope
) -> Pinned | None:
    at = ("originals", "files", name)
    mode = _mode(name, pin, entry, scope)
    if not _SHA256.fullmatch(pin.sha256):
        hint = f"`sha256sum {folder}/{name}` prints it"
        scope.problem(f"`{pin.sha256}` is no sha256", *at, hint=hint)
    elif entry is None:
        hint = f"copy it from the head that has it: `scp pi@HEAD:client/{name} {folder}/`"
        _tell(f"the original `{folder}/{name}` is not there", [f"sha256 {pin.sha256}"], hint, scope, *at)
    elif entry.kind != "f":
        hint = "put the file itself there"
        _tell(f"the original `{entry.path}` is no plain file", [], hint, scope, *at)
    elif entry.sha256 != pin.sha256:
        facts = [f"the recipe names {pin.sha256}", f"the file has     {entry.sha256}"]
        hint = "if the new file is the one you mean, write its sha256 into the recipe"
        _tell(f"the original `{entry.path}` is not the one that was pinned", facts, hint, scope, *at)
    else:
        data = scope.sources.read(entry.path)
        if _PRIVATE not in data:
            return Pinned(FromFile(entry.path, entry.sha256, entry.size), mode, b"[Install]" in data)
        hint = "leave it out and put it on the head by hand: an image goes through many hands"
        _tell(f"the original `{entry.path}` holds a private key", [], hint, scope, *at)
    return None


def _mode(name: str, pin: PinnedModel, entry: SourceEntry | None, scope: Scope) -> int:
    if pin.mode is None:
        return 0o755 if entry and entry.executable else 0o644
    if not _MODE.fullmatch(pin.mode):
        hint = 'modes are octal and in quotes, without special bits: "0644"'
        scope.problem(f"`{pin.mode}` is no mode", "originals", "files", name, "mode", hint=hint)
        return 0o644
    return int(pin.mode, 8)


def _unlisted(entry: SourceEntry, name: str, scope: Scope) -> None:
    facts = [f"sha256 {entry.sha256}"] if entry.kind == "f" else []
    hint = f"add `{name}: {entry.sha256}` to `files`, or take it away" if facts else "take it away"
    _tell(f"`{entry.path}` is not listed", facts, hint, scope, "originals", "files")


def _roles(model: Originals, taken: Mapping[str, Pinned], scope: Scope) -> None:
    """What is said of files must be said of listed ones."""
    named: list[tuple[str, tuple[str | int, ...]]] = [(u, ("units", i)) for i, u in enumerate(model.units)]
    named += [(model.daemon, ("daemon",))] if model.daemon else []
    for name, at in named:
        if name not in model.files:
            hint = "list it with its sha256 under `files`"
            scope.problem(f"`{name}` is not among the originals' files", "originals", *at, hint=hint)
    for i, name in enumerate(model.units):
        if PurePosixPath(name).suffix not in (".service", ".timer", ".socket", ".target", ".path"):
            hint = "units end with their kind, as in `bladerunner.service`"
            scope.problem(f"`{name}` is no unit", "originals", "units", i, hint=hint)
    daemon = taken.get(model.daemon or "")
    if daemon and not daemon.mode & 0o100:
        hint = f'`{model.daemon}: {{sha256: …, mode: "0755"}}`'
        scope.problem(f"`{model.daemon}` cannot be run", "originals", "daemon", hint=hint)
    if model.units and model.daemon:
        hint = "leave `daemon` out: one of the units starts it"
        scope.problem(
            "with units of the site's own nothing of ours starts a daemon",
            *("originals", "daemon"),
            hint=hint,
        )


def _tell(message: str, facts: list[str], hint: str, scope: Scope, *at: str | int) -> None:
    place = scope.document.key((*scope.path, *at))
    scope.problems.append(RecipeError(message, place=place, facts=facts, hint=hint))
