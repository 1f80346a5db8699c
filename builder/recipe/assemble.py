# SPDX-License-Identifier: Apache-2.0
"""From the files of a chain to the resolved recipe: who wins, which layers, which outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from builder.base import definition as bases
from builder.base.archives import PUBLIC
from builder.board import definition as boards
from builder.errors import NodebakeError, Place, RecipeError
from builder.recipe import expand
from builder.recipe.chain import Link
from builder.recipe.conflict import conflicts
from builder.recipe.document import Data, Document
from builder.recipe.effect import AddSuite
from builder.recipe.fit import kernels_for, unfit
from builder.recipe.login import can_log_in, refusal
from builder.recipe.near import did_you_mean
from builder.recipe.outputs import outputs
from builder.recipe.part import Part
from builder.recipe.recipe import Base, Board, Layer, Origin, Output, Recipe, origin
from builder.recipe.recipe_file import RecipeFile
from builder.recipe.settings import gather
from builder.recipe.site import Site
from builder.recipe.sources import Sources
from builder.recipe.template import render_data
from builder.recipe.validate import validate

DEFAULT_BASE = "debian"


@dataclass(frozen=True)
class Assembly:
    """One resolving. Complaints go to `problems`; what is returned counts only when there are none."""

    sources: Sources
    name: str
    site: Site
    chain: Sequence[Link]
    settings: Mapping[str, str]
    problems: list[NodebakeError]
    cluster: Mapping[str, Any] | None = None
    """cluster.yaml as templates see it, where there is one."""
    origins: list[Origin] = field(default_factory=list)

    def recipe(self) -> Recipe | None:
        """The recipe, or None when its files are not even of the right shape."""
        before = len(self.problems)
        variables = gather(self.chain, self.settings, self.problems, self.cluster)
        parts = self._parts(variables.values)
        if not parts or parts[-1].document is not self.chain[-1].document:
            return None
        base, board_list = self._base(parts), self._boards(parts)
        self._fit(base, board_list, parts)
        kernels = kernels_for(base, board_list)
        made = self._outputs(parts, base, board_list)
        self._origin("summary", parts[-1].model.summary, "recipe", parts[-1].document.place(("summary",)))
        self.origins.extend(variables.origins)
        surroundings = expand.Surroundings(
            self.sources,
            self.site,
            base,
            board_list,
            variables.values,
            self.cluster,
            made[0].name if made else "",
        )
        layers = [expand.base_layer(base, kernels)]
        wants: list[str] = []
        for part in parts:
            layers += expand.layers(part.document, part.model.layers, surroundings, self.problems, wants)
        self.problems.extend(conflicts(layers))
        words = _words(base, layers)
        recipe = Recipe(
            name=self.name,
            summary=parts[-1].model.summary,
            base=base,
            boards=board_list,
            kernels=kernels,
            layers=tuple(layers),
            outputs=made,
            origins=tuple(self.origins),
            sources_list=self._sources_list(words),
            keyrings=self._keyrings(words),
            wants=tuple(dict.fromkeys(wants)),
        )
        # With other problems about, a missing user may only be a consequence.
        if made and len(self.problems) == before and not can_log_in(recipe.effects()):
            self.problems.append(refusal(self.name, self.site, Place(parts[-1].document.file, 1, 1)))
        return recipe

    def _parts(self, variables: Mapping[str, Any]) -> list[Part]:
        parts = []
        seen = {**variables, **({"cluster": self.cluster} if self.cluster else {})}
        for link in self.chain:
            source = "recipe" if link is self.chain[-1] else f"include {link.name}"
            document, data = link.document, link.document.data
            if isinstance(data, dict):
                data = {
                    key: value
                    if key in ("variables", "include")
                    else render_data(value, document, (key,), seen, self.problems)
                    for key, value in data.items()
                }
            model = validate(RecipeFile, data, document, (), self.problems) or _sound(data, document)
            if model is not None:
                parts.append(Part(source, document, model))
        return parts

    def _base(self, parts: list[Part]) -> Base:
        name, source, place = self._winner(parts, "base")
        if name is None and self.site.base:
            name, source, place = self.site.base, "site", self.site.place("base")
        if "base" in self.settings:
            name, source, place = self.settings["base"], "--set", None
        if name is None:
            name, source, place = DEFAULT_BASE, "default", None
        self._origin("base", name, source, place)
        if name not in bases.names():
            hint = did_you_mean(name, bases.names(), what="bases")
            self.problems.append(RecipeError(f"`{name}` is no base", place=place, hint=hint))
            name = DEFAULT_BASE
        base = bases.load(name)
        for key in ("architecture", "release"):
            self._origin(key, getattr(base, key), f"base {name}", None)
        return base

    def _boards(self, parts: list[Part]) -> tuple[Board, ...]:
        wanted, source, place = self._winner(parts, "boards")
        part = next((p for p in reversed(parts) if p.model.boards is not None), None)
        if "boards" in self.settings:
            wanted = [word.strip() for word in self.settings["boards"].split(",") if word.strip()]
            source, place, part = "--set", None, None
        self._origin("boards", wanted or [], source, place)
        found = []
        for i, name in enumerate(wanted or []):
            if name in boards.names():
                found.append(boards.load(name))
                continue
            at = part.document.place(("boards", i)) if part else None
            hint = did_you_mean(name, boards.names(), what="boards")
            self.problems.append(RecipeError(f"`{name}` is no board", place=at, hint=hint))
        return tuple(dict.fromkeys(found))

    def _fit(self, base: Base, board_list: tuple[Board, ...], parts: list[Part]) -> None:
        """Refuse the boards that cannot run the base, at their names."""
        wanted, _, place = self._winner(parts, "boards")
        part = next((p for p in reversed(parts) if p.model.boards is not None), None)
        for board in board_list:
            reason = unfit(base, board)
            if reason is None:
                continue
            at = place
            if "boards" in self.settings:
                at = None
            elif part and board.name in wanted:
                at = part.document.place(("boards", wanted.index(board.name)))
            fitting = [name for name in bases.names() if unfit(bases.load(name), board) is None]
            others = " or ".join(f"`{name}`" for name in fitting)
            hint = f"leave the board out, or take the base {others}" if others else "leave the board out"
            message = f"`{board.name}` cannot run the base `{base.name}`: {reason}"
            self.problems.append(RecipeError(message, place=at, hint=hint))

    def _outputs(self, parts: list[Part], base: Base, board_list: tuple[Board, ...]) -> tuple[Output, ...]:
        found = outputs(parts, base, board_list, self.problems, self.origins)
        fitting = [name for name in boards.names() if unfit(base, boards.load(name)) is None]
        if found and "boards" in self.settings:
            if not self.settings["boards"].strip(", "):
                hint = f"for instance `--set boards={','.join(fitting)}`"
                self.problems.append(RecipeError("`--set boards=` names no boards", hint=hint))
        elif found and not any(part.model.boards for part in parts):
            place = Place(parts[-1].document.file, 1, 1)
            hint = f"add `boards: [{', '.join(fitting)}]`, or some of them"
            self.problems.append(RecipeError(f"`{self.name}` names no boards", place=place, hint=hint))
        return found

    def _sources_list(self, words: Sequence[str]) -> tuple[tuple[str, str], ...]:
        pairs = []
        for word in words:
            said = self.site.image_archives.get(word)
            pairs.append((word, said or PUBLIC[word].uri))
            place = self.site.place("archives", word) if said else None
            source = "site" if said else "default"
            self._origin(f"archives.{word}", said or PUBLIC[word].uri, source, place)
        return tuple(pairs)

    def _keyrings(self, words: Sequence[str]) -> tuple[tuple[str, bytes], ...]:
        return tuple((word, self.site.archive_keys[word]) for word in words if word in self.site.archive_keys)

    def _winner(self, parts: list[Part], key: str) -> tuple[Any, str, Place | None]:
        """The last file of the chain that says `key`."""
        for part in reversed(parts):
            value = getattr(part.model, key)
            if value is not None:
                return value, part.source, part.document.place((key,))
        return None, "default", None

    def _origin(self, key: str, value: object, source: str, place: Place | None) -> None:
        self.origins[:] = [origin for origin in self.origins if origin.key != key]
        self.origins.append(origin(key, value, source, place))


def _words(base: Base, layers: Sequence[Layer]) -> tuple[str, ...]:
    """The archives that the recipe and the build's own tools come from."""
    added = (e.archive for layer in layers for e in layer.effects if isinstance(e, AddSuite))
    of_base = (suite.archive for suite in (*base.suites, *base.tools))
    return tuple(dict.fromkeys([*of_base, *added]))


def _sound(data: Data, document: Document) -> RecipeFile | None:
    """What can be read of a faulty file, so that its layers are checked all the same."""
    if not isinstance(data, dict):
        return None
    silent: list[NodebakeError] = []
    good = {
        key: value
        for key, value in data.items()
        if validate(RecipeFile, {"format": 1, key: value}, document, (), silent)
    }
    return RecipeFile.model_validate({**good, "format": 1})
