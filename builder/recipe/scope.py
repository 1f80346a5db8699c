# SPDX-License-Identifier: Apache-2.0
"""What a layer sees while it expands, and where it leaves its complaints."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from builder.errors import NodebakeError, Place, RecipeError
from builder.recipe import document as documents
from builder.recipe.confine import confine
from builder.recipe.document import Document, Path
from builder.recipe.effect import FromFile
from builder.recipe.recipe import Base, Board
from builder.recipe.site import Site
from builder.recipe.sources import OutsideError, Sources


@dataclass(frozen=True)
class Scope:
    """One layer's surroundings. `path` leads to the layer's body in `document`.

    `problems` and `wants` are shared with the whole reading and only grow.
    """

    sources: Sources
    site: Site
    base: Base
    boards: tuple[Board, ...]
    variables: Mapping[str, Any]
    document: Document
    path: Path
    problems: list[NodebakeError] = field(default_factory=list)
    wants: list[str] = field(default_factory=list)
    cluster: Mapping[str, Any] | None = None
    """cluster.yaml as templates see it, where there is one."""
    output: str = ""
    """The kind of output that is made of the recipe: `image`, `netboot`, or nothing for a part of others."""

    def place(self, *at: str | int) -> Place:
        """Where the value `at` stands below the layer's body."""
        return self.document.place((*self.path, *at))

    def problem(
        self, message: str, *at: str | int, hint: str | None = None, key: bool = False, secret: bool = False
    ) -> None:
        """Something is wrong with the value `at`, or with its `key`; a `secret` value is not quoted."""
        place = self.document.key((*self.path, *at)) if key else self.place(*at)
        shown = documents.unquoted(place) if secret else place
        self.problems.append(RecipeError(message, place=shown, hint=hint))

    def confined(self, path: str, *at: str | int) -> str | None:
        """`path` within the tree, or a problem."""
        try:
            return confine(path)
        except ValueError as error:
            self.problem(str(error), *at, hint="paths are read from the tree's root")
        return None

    def file(self, path: str, what: str, *at: str | int) -> FromFile | None:
        """A file of the project, or a problem."""
        try:
            raw = documents.read_bytes(self.sources, self._own(path), self.place(*at), what)
        except OutsideError:
            self.problem(f"{what} `{path}` leaves the project", *at, hint="copy the file into the project")
            return None
        except RecipeError as error:
            self.problems.append(error)
            return None
        return FromFile(self._own(path), hashlib.sha256(raw).hexdigest(), len(raw))

    @staticmethod
    def _own(path: str) -> str:
        if path.startswith("/"):
            raise OutsideError(path)
        try:
            return confine(path)
        except ValueError:
            raise OutsideError(path) from None

    def template_values(self) -> dict[str, Any]:
        """What overlay templates may use: variables, `site`, `cluster`, `boards` and `base`."""
        return {
            **self.variables,
            **({"cluster": self.cluster} if self.cluster else {}),
            "site": self.site.template_values(),
            "boards": [board.name for board in self.boards],
            "base": self.base.name,
        }
