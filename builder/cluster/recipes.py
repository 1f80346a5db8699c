# SPDX-License-Identifier: Apache-2.0
"""Whether the nodes can run the recipes that cluster.yaml names for them."""

from __future__ import annotations

from typing import Any

from builder.cluster.cluster import Cluster, Node
from builder.cluster.reading import Reading
from builder.errors import NodebakeError, Problems
from builder.recipe.document import Path
from builder.recipe.near import listed
from builder.recipe.resolve import Summary, names, summary
from builder.recipe.sources import Sources


def check_recipes(cluster: Cluster, sources: Sources, problems: list[NodebakeError]) -> None:
    """Refuse recipes that are not there, and boards that a node's recipe does not name."""
    reading = Reading(cluster.document, problems)
    known = names(sources)
    by_number = {node.number: node for node in cluster.nodes}
    summaries: dict[str, Summary | None] = {}
    for i, said in enumerate(cluster.document.data.get("nodes") or []):
        node = by_number[said["number"]]
        if not node.recipe:
            continue
        reading.known(node.recipe, known, "recipe", *_path(i, said, "recipe"))
        if node.recipe not in summaries:
            summaries[node.recipe] = _summary(sources, node.recipe) if node.recipe in known else None
        recipe = summaries[node.recipe]
        if recipe and recipe.boards and node.board not in recipe.boards:
            _unfit(reading, node, recipe, _path(i, said, "board"))


def _path(i: int, said: dict[str, Any], key: str) -> Path:
    """Where the value stands that holds for a node."""
    return ("nodes", i, key) if key in said else ("defaults", key)


def _summary(sources: Sources, name: str) -> Summary | None:
    """What the recipe says of itself; what is wrong with it is for `nodebake check` to tell."""
    try:
        return summary(sources, name)
    except Problems:
        return None


def _unfit(reading: Reading, node: Node, recipe: Summary, path: Path) -> None:
    who = f"`{node.name}` is" if path[0] == "nodes" else "the nodes are"
    reading.problem(
        f"{who} a `{node.board}`, and the recipe `{recipe.name}` is for {listed(recipe.boards)}",
        *path,
        hint=f"name the board in recipes/{recipe.name}.yaml, or another recipe in cluster.yaml",
    )
