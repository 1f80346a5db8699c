# SPDX-License-Identifier: Apache-2.0
"""Models of files as tables in Markdown: every key with type, default and meaning."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel, RootModel
from pydantic.fields import FieldInfo

from builder.recipe import size


def model_tables(model: type[BaseModel]) -> Iterator[str]:
    """A model's sentence and table, then those of the models in it."""
    yield f"{inspect.getdoc(model)}\n"
    if issubclass(model, RootModel):
        inner = list(_inner(model.model_fields["root"].annotation))
    else:
        rows = [_row(info.alias or name, info) for name, info in model.model_fields.items()]
        yield "| key | type | default | meaning |\n| --- | --- | --- | --- |\n" + "".join(rows)
        inner = [m for info in model.model_fields.values() for m in _inner(info.annotation)]
    for below in dict.fromkeys(inner):
        yield f"#### {below.__name__.removesuffix('Model')}\n"
        yield from model_tables(below)


def _row(name: str, info: FieldInfo) -> str:
    kind = "size" if _is_size(info) else _type(info.annotation)
    return f"| `{name}` | {kind} | {_default(info, kind)} | {info.description or ''} |\n"


def _is_size(info: FieldInfo) -> bool:
    # Of one that may be absent, pydantic leaves what was said with the member of the union.
    members = (extra for member in get_args(info.annotation) for extra in getattr(member, "__metadata__", ()))
    return any(getattr(extra, "func", None) is size.parse for extra in (*info.metadata, *members))


def _default(info: FieldInfo, kind: str) -> str:
    if info.is_required():
        return "required"
    if info.default in (None, "", [], {}) or isinstance(info.default, BaseModel):
        return "—"
    if kind == "size":
        return f"`{size.text(info.default)}`"
    if isinstance(info.default, float):
        return f"`{info.default:g}`"
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
    return {str: "string", int: "integer", float: "number", bool: "boolean"}.get(annotation, "any")


def _inner(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _inner(argument)
