# SPDX-License-Identifier: Apache-2.0
"""Recipes, resolved: from files to a `Recipe` with nothing left to look up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from builder.errors import NodebakeError, Problems
from builder.recipe import chain as chains
from builder.recipe import site as sites
from builder.recipe.assemble import Assembly
from builder.recipe.inventory import inventory
from builder.recipe.recipe import Recipe
from builder.recipe.sources import Sources
from builder.recipe.template import TemplateError

names = chains.names


def resolve(sources: Sources, name: str, settings: Mapping[str, str]) -> Recipe:
    """The recipe `name`, with `--set` settings. Problems holds everything that is wrong."""
    problems: list[NodebakeError] = []
    site, cluster = inventory(sources, sites.load(sources, problems), problems)
    chain = chains.load(sources, name, problems)
    recipe = Assembly(sources, name, site, chain, settings, problems, cluster).recipe() if chain else None
    if problems or recipe is None:
        raise Problems(_once(problems))
    return recipe


@dataclass(frozen=True)
class Summary:
    """A line of `nodebake list`."""

    name: str
    summary: str
    boards: tuple[str, ...]
    outputs: tuple[str, ...]


def summary(sources: Sources, name: str) -> Summary:
    """What a recipe says of itself; cheap, and only its being YAML is checked."""
    problems: list[NodebakeError] = []
    chain = chains.load(sources, name, problems)
    if not chain:
        raise Problems(problems)
    said: dict[str, object] = {}
    for link in chain:
        data = link.document.data if isinstance(link.document.data, dict) else {}
        said.update({key: data[key] for key in ("boards", "outputs") if data.get(key)})
        said["summary"] = data.get("summary", "")
    boards, outputs = said.get("boards"), said.get("outputs")
    return Summary(
        name=name,
        summary=str(said["summary"]),
        boards=tuple(str(board) for board in boards) if isinstance(boards, list) else (),
        outputs=tuple(str(output) for output in outputs) if isinstance(outputs, dict) else (),
    )


def check(sources: Sources, wanted: Iterable[str]) -> None:
    """Raise Problems with everything that is wrong in any of the recipes, each thing once."""
    problems: list[NodebakeError] = []
    for name in wanted:
        try:
            resolve(sources, name, {})
        except Problems as several:
            problems.extend(several.problems)
    if problems:
        raise Problems(_once(problems))


def archives(sources: Sources) -> dict[str, str]:
    """Archive word → URI that the site wants building to fetch from; only the words it names."""
    problems: list[NodebakeError] = []
    site = sites.load(sources, problems)
    if problems:
        raise Problems(_once(problems))
    return site.archives


def _once(problems: Iterable[NodebakeError]) -> list[NodebakeError]:
    """Included files are read by several recipes and complain to each; and one thing wrong is enough
    of a value that could not be rendered."""
    problems = list(problems)
    broken = {str(p.place) for p in problems if isinstance(p, TemplateError) and p.place}
    seen: dict[str, NodebakeError] = {}
    for problem in problems:
        several = problem.problems if isinstance(problem, Problems) else (problem,)
        for one in several:
            if isinstance(one, TemplateError) or str(one.place) not in broken:
                seen.setdefault(one.render(), one)
    return list(seen.values())
