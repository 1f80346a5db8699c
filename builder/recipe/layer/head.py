# SPDX-License-Identifier: Apache-2.0
"""`head: {}`: what makes a machine the head that `nodebake publish` speaks with.

The same files as `make deb` packs, and what that package depends on and recommends; a package that is
installed later takes their place.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from pydantic import Field

from builder.recipe.effect import Effect, Inline, MakeDirectory, MakeLink, Package, UnitState, WriteFile
from builder.recipe.scope import Scope
from builder.recipe.strict import Strict

_CHECKOUT = Path(__file__).parents[3]
_PACKAGING = _CHECKOUT / "packaging/nodebake-head"
_SIGNERS = "etc/nodebake/allowed_signers"
_REVOKED = "revoked_signers"
# Listens for the nodes' journals.
_SOCKET = "systemd-journal-remote.socket"


class Model(Strict):
    """The program nodebake-head with its units: what publishing to this machine needs."""

    signers: str = Field(
        "release_signers",
        description="file of the keys that may sign releases, as `nodebake key new` writes it; nothing can be"
        " published before the head has one, so where the project has none it is put there by hand;"
        " `revoked_signers` beside it, if there is one, goes along",
    )


def expand(model: Model, scope: Scope) -> list[Effect]:
    effects: list[Effect] = [*map(Package, packages((_PACKAGING / "control").read_text())), *_files()]
    if scope.sources.exists(model.signers) or "signers" in model.model_fields_set:
        signers = scope.file(model.signers, "the file of signers", "signers")
        effects += [WriteFile(_SIGNERS, signers)] if signers else []
    # A key that was revoked stays in the one list: without the other the head would trust it.
    revoked = str(PurePosixPath(model.signers).parent / _REVOKED)
    if scope.sources.exists(revoked):
        listed = scope.file(revoked, "the file of revoked signers", "signers")
        effects += [WriteFile(f"etc/nodebake/{_REVOKED}", listed)] if listed else []
    return [*effects, UnitState(_SOCKET, "enable")]


def packages(control: str) -> Iterator[str]:
    """The packages that a control file depends on or recommends, the first of alternatives."""
    for line in control.splitlines():
        key, _, value = line.partition(":")
        if key in ("Depends", "Recommends"):
            yield from (relation.split()[0] for relation in value.split(","))


def _files() -> Iterator[Effect]:
    """What `packaging/nodebake-head/files` says."""
    for line in (_PACKAGING / "files").read_text(encoding="utf-8").splitlines():
        match line.split():
            case ["dir", mode, path]:
                yield MakeDirectory(path, int(mode, 8))
            case ["link", target, path]:
                yield MakeLink(path, target)
            case ["file", mode, pattern, target]:
                for source in sorted(_CHECKOUT.glob(pattern)):
                    path = f"{target}{source.name}" if target.endswith("/") else target
                    yield WriteFile(path, Inline(source.read_bytes()), int(mode, 8))
