# SPDX-License-Identifier: Apache-2.0
"""docs/reference/cluster.md and the JSON Schema of cluster.yaml, made from the models."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from builder.cluster.cluster import Head, Network, Node
from builder.cluster.cluster_file import ClusterFile
from builder.recipe.model_tables import model_tables

_HEAD = """\
<!-- SPDX-License-Identifier: Apache-2.0 -->
<!-- Made from the models by builder/cluster/reference.py; a test keeps it so. -->
# The inventory: `cluster.yaml`

In the project's root, beside `recipes/`. YAML 1.2 in UTF-8; unknown keys are refused. `nodebake nodes check`
tells all that is wrong with it. `cluster.example.yaml` is a whole one to start from.
"""

_WORDS = """\
## Words for nodes

Wherever a verb wants NODES, and under `groups`:

| word | means |
| --- | --- |
| `7`, `1-60`, `1-60/2` | nodes by number; no quotes needed in a shell |
| `node07`, `node[01-03,07]` | nodes by name, as ClusterShell folds them |
| `@barA`, `@zeros`, `@all` | a bar, a group, every node |
| `1-3,7` `"1-3;7"` | the one and the other |
| `'@barA!7'` | without what follows |
| `'@barA&@zeros'` | what is in both |
| `'1-3^3-5'` | what is in one of them only |

Signs are read from left to right. Quotes keep `;`, `!`, `&` and `^` from the shell. A word that names a node
that is not there is refused, with the names that are near. In YAML's `{…}` a comma ends a value: write
`zeros: "17-22,24-29"` there.

## Places

A bar is a range of numbers. A number's place is the maker's byte: in the high digit the bar, counted from 0
in the order of `bars`, in the low digit the place in the bar, counted from 1. A place without a node keeps
its number.
"""

_TEMPLATES = """\
## In templates

Overlays' templates and strings of recipes see `cluster`, where there is a cluster.yaml. What is not known is
the empty string. Of `power` there are the names of the drivers, and nothing of their settings.

| value | holds |
| --- | --- |
"""


def markdown() -> str:
    """The whole page."""
    plain = [
        ("cluster.head", f"{_keys(Head)}"),
        ("cluster.networks.NAME", f"{_keys(Network)}, `netmask`, `prefix`, and its `address`"),
        ("cluster.nodes", f"a list, each with {_keys(Node)}"),
        ("cluster.groups.NAME", "the names of the nodes"),
    ]
    rows = "".join(f"| `{value}` | {holds} |\n" for value, holds in plain)
    return "\n".join([_HEAD, *model_tables(ClusterFile), _WORDS, _TEMPLATES + rows])


def cluster_schema() -> dict[str, Any]:
    """The JSON Schema of cluster.yaml."""
    dialect = "https://json-schema.org/draft/2020-12/schema"
    return {"$schema": dialect, **ClusterFile.model_json_schema(), "title": "nodebake cluster"}


def _keys(of: type[Head] | type[Network] | type[Node]) -> str:
    return ", ".join(f"`{each.name}`" for each in fields(of))
