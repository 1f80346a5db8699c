# SPDX-License-Identifier: Apache-2.0
"""docs/reference/recipe.md, made from the models: every key with type, default and meaning."""

from __future__ import annotations

import inspect

from builder.base import definition as bases
from builder.base.archives import PUBLIC
from builder.board import definition as boards
from builder.recipe.fit import spoken
from builder.recipe.kind import kinds
from builder.recipe.model_tables import model_tables
from builder.recipe.overlay import OverlayFile
from builder.recipe.recipe import Base, Board
from builder.recipe.recipe_file import RecipeFile
from builder.recipe.site_file import SiteFile

_HEAD = """\
<!-- SPDX-License-Identifier: Apache-2.0 -->
<!-- Made from the models by builder/recipe/reference.py; a test keeps it so. -->
# Recipes, site and overlays: every key

Files are YAML 1.2 in UTF-8. Unknown keys are refused. Sizes are bytes or `512K`, `64M`, `1G`, in multiples
of 1024. Any string value of a recipe may hold `{{ variable }}`; one that is nothing but `{{ variable }}`
takes the variable's typed value, lists included.

Who wins: `--set`, then the recipe, then its includes (later ones first), then site.yaml, then the default.
"""


def markdown() -> str:
    """The whole page."""
    parts = [_HEAD, "## A recipe: `recipes/NAME.yaml`\n", *model_tables(RecipeFile)]
    parts.append("## Layers\n\nA list; each item is one kind with its body, as in `- packages: [sudo]`.\n")
    for kind in kinds():
        module_doc = inspect.getdoc(inspect.getmodule(kind.model)) or ""
        parts += [f"### `{kind.name}`\n", f"{module_doc.splitlines()[0]}\n", *model_tables(kind.model)]
    parts += ["## `overlays/NAME/overlay.yaml`\n", *model_tables(OverlayFile)]
    parts += [
        "Templates see the recipe's variables, `boards`, `base`, `site` (`authorized_keys`, `lang`,\n"
        "`timezone`, `keyboard`, `ntp`, `mac_table`, `wifi_ssid`) and, where there is a cluster.yaml,\n"
        "`cluster`: [its values](cluster.md#in-templates). Strings of recipes see variables and `cluster`.\n"
    ]
    parts += ["## `site.yaml`\n", *model_tables(SiteFile)]
    parts += ["## Words\n", _words()]
    return "\n".join(parts)


def _words() -> str:
    lines = [f"- base `{name}`: {_base(bases.load(name))}" for name in bases.names()]
    lines += [f"- board `{name}`: {_board(boards.load(name))}" for name in boards.names()]
    lines += [f"- archive `{word}`: {archive.uri}" for word, archive in PUBLIC.items()]
    return "\n".join(lines) + "\n"


def _base(base: Base) -> str:
    kernels = ", ".join(f"`{kernel.package}`" for kernel in base.kernels)
    return f"{base.release} {base.architecture}, built for {spoken(base.instructions)}; {kernels}"


def _board(board: Board) -> str:
    flavours = ", ".join(f"`{flavour}`" for flavour in board.kernels)
    return f"{board.title}: {spoken(board.instructions)}, kernels {flavours}, {board.memory} MiB"
