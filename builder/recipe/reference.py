# SPDX-License-Identifier: Apache-2.0
"""docs/reference/recipe.md, made from the models: every key with type, default and meaning."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel, RootModel
from pydantic.fields import FieldInfo

from builder.base import definition as bases
from builder.base.archives import PUBLIC
from builder.board import definition as boards
from builder.recipe import size
from builder.recipe.fit import spoken
from builder.recipe.kind import kinds
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
    parts = [_HEAD, "## A recipe: `recipes/NAME.yaml`\n", *_model(RecipeFile)]
    parts.append("## Layers\n\nA list; each item is one kind with its body, as in `- packages: [sudo]`.\n")
    for kind in kinds():
        module_doc = inspect.getdoc(inspect.getmodule(kind.model)) or ""
        parts += [f"### `{kind.name}`\n", f"{module_doc.splitlines()[0]}\n", *_model(kind.model)]
    parts += ["## `overlays/NAME/overlay.yaml`\n", *_model(OverlayFile)]
    parts += [
        "Templates see the recipe's variables, `boards`, `base`, `site` (`authorized_keys`, `lang`,\n"
        "`timezone`, `keyboard`, `ntp`, `mac_table`, `wifi_ssid`) and, where there is a cluster.yaml,\n"
        "`cluster`: [its values](cluster.md#in-templates). Strings of recipes see variables and `cluster`.\n"
    ]
    parts += ["## `site.yaml`\n", *_model(SiteFile)]
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


def _model(model: type[BaseModel]) -> Iterator[str]:
    """A model's sentence and table, then those of the models in it."""
    yield f"{inspect.getdoc(model)}\n"
    if issubclass(model, RootModel):
        inner = list(_inner(model.model_fields["root"].annotation))
    else:
        rows = [_row(name, info) for name, info in model.model_fields.items()]
        yield "| key | type | default | meaning |\n| --- | --- | --- | --- |\n" + "".join(rows)
        inner = [m for info in model.model_fields.values() for m in _inner(info.annotation)]
    for below in dict.fromkeys(inner):
        yield f"#### {below.__name__.removesuffix('Model')}\n"
        yield from _model(below)


def _row(name: str, info: FieldInfo) -> str:
    kind = "size" if _is_size(info) else _type(info.annotation)
    return f"| `{name}` | {kind} | {_default(info, kind)} | {info.description or ''} |\n"


def _is_size(info: FieldInfo) -> bool:
    return any(getattr(extra, "func", None) is size.parse for extra in info.metadata)


def _default(info: FieldInfo, kind: str) -> str:
    if info.is_required():
        return "required"
    if info.default in (None, "", [], {}) or isinstance(info.default, BaseModel):
        return "—"
    if kind == "size":
        return f"`{size.text(info.default)}`"
    return f"`{str(info.default).lower() if isinstance(info.default, bool) else info.default}`"


def _type(annotation: Any) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type(arguments[0])
    if origin is Literal:
        return " \\| ".join(f"`{value}`" for value in arguments)
    if origin is list:
        return f"list of {_type(arguments[0])}"
    if origin is dict:
        return f"mapping to {_type(arguments[1])}"
    if arguments:
        return " \\| ".join(_type(member) for member in arguments if member is not NoneType)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation.__name__.removesuffix("Model")
    return {str: "string", int: "integer", bool: "boolean"}.get(annotation, "any")


def _inner(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _inner(argument)
