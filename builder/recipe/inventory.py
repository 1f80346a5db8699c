# SPDX-License-Identifier: Apache-2.0
"""What recipes see of cluster.yaml: `cluster` in templates, and the table that nodes are named by."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from builder.errors import NodebakeError, Problems, RecipeError
from builder.recipe.site import Site
from builder.recipe.sources import Sources


def inventory(
    sources: Sources, site: Site, problems: list[NodebakeError]
) -> tuple[Site, dict[str, Any] | None]:
    """The site with the inventory's table, and `cluster` for templates; None without cluster.yaml.

    Raises Problems when cluster.yaml cannot be taken: all that a recipe says of it would be wrong too.
    """
    if not sources.exists("cluster.yaml"):
        return site, None
    from builder.cluster.load import load
    from builder.cluster.mac_table import with_names
    from builder.cluster.values import template_values

    cluster = load(sources, problems)
    if cluster is None:
        raise Problems(problems)
    if site.says("mac_table"):
        hint = "keep one of them: `nodebake nodes import` takes the table into cluster.yaml"
        message = "`mac_table` and cluster.yaml both say which node has which MAC address"
        problems.append(RecipeError(message, place=site.place("mac_table"), hint=hint))
    return replace(site, mac_table=with_names(cluster.nodes)), template_values(cluster)
