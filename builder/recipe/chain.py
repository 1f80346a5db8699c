# SPDX-License-Identifier: Apache-2.0
"""A recipe with everything that it includes, read: included files first, each once."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePosixPath

from builder.errors import NodebakeError, Place, Problems, RecipeError
from builder.recipe.document import Document
from builder.recipe.near import did_you_mean
from builder.recipe.sources import Sources
from builder.recipe.yaml_tree import read

FOLDER = "recipes"


@dataclass(frozen=True)
class Link:
    """One file of the chain. The last is the recipe itself."""

    name: str
    document: Document


def names(sources: Sources) -> list[str]:
    """The recipes of the project."""
    found = sources.names(FOLDER)
    return [name.removesuffix(".yaml") for name in found if name.endswith(".yaml")]


def load(sources: Sources, name: str, problems: list[NodebakeError]) -> list[Link]:
    """The chain of the recipe `name`; empty when the recipe itself is not there."""
    loading = _Loading(sources, problems)
    loading.load(name, None, ())
    return loading.chain


@dataclass(frozen=True)
class _Loading:
    """One walk through the includes."""

    sources: Sources
    problems: list[NodebakeError]
    chain: list[Link] = field(default_factory=list)

    def load(self, name: str, asked: Place | None, above: tuple[str, ...]) -> None:
        """Add `name`, which `asked` names, after what it includes. `above` are those that led here."""
        if name in above:
            circle = " → ".join([*above[above.index(name) :], name])
            hint = "take one include out"
            self.problems.append(
                RecipeError(f"`{name}` includes itself", place=asked, facts=[circle], hint=hint)
            )
            return
        if any(link.name == name for link in self.chain):
            return
        document = self._read(name, asked)
        if document is None:
            return
        wanted = document.data.get("include") if isinstance(document.data, dict) else None
        for i, other in enumerate(wanted if isinstance(wanted, list) else []):
            if isinstance(other, str):
                self.load(other, document.place(("include", i)), (*above, name))
        self.chain.append(Link(name, document))

    def _read(self, name: str, asked: Place | None) -> Document | None:
        file = f"{FOLDER}/{name}.yaml"
        try:
            if "/" in name or name.startswith("."):
                raise FileNotFoundError(name)
            return read(self.sources, file)
        except FileNotFoundError:
            known = names(self.sources)
            facts = [] if known else [f"there is no `*.yaml` in `{FOLDER}/`"]
            # Somebody may have named the file.
            stem = PurePosixPath(name).name.removesuffix(".yaml")
            hint = did_you_mean(stem, known, what="recipes") or "`nodebake list` names them"
            self.problems.append(
                RecipeError(f"there is no recipe `{name}`", place=asked, facts=facts, hint=hint)
            )
        except Problems as several:
            self.problems.extend(several.problems)
        except RecipeError as error:
            self.problems.append(error)
        return None
