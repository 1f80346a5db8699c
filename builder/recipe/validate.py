# SPDX-License-Identifier: Apache-2.0
"""From pydantic's complaints to errors with a place: one for each thing that is wrong."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, RootModel, ValidationError
from pydantic_core import ErrorDetails

from builder.errors import NodebakeError, RecipeError
from builder.recipe.document import Data, Document, Path, unquoted
from builder.recipe.near import did_you_mean

M = TypeVar("M", bound=BaseModel)

FORMAT = 1
"""Of the files that people write."""
_SECRET_KEYS = frozenset({"psk", "password", "password_hash"})
_WANTED = {
    "string_type": "a string",
    "int_type": "a whole number",
    "bool_type": "`true` or `false`",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}


def validate(
    model: type[M], data: Data, document: Document, path: Path, problems: list[NodebakeError]
) -> M | None:
    """The model of `data`, which stands at `path`; else None, and what is wrong is in `problems`."""
    if not path and isinstance(data, dict) and "format" in model.model_fields and _newer(data.get("format")):
        problems.append(_of_newer(data["format"], document))
        return None
    try:
        return model.model_validate(data)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            problem = _problem(model, detail, document, path)
            if problem.place and _SECRET_KEYS & {str(item) for item in detail["loc"]}:
                problem.place = unquoted(problem.place)
            problems.append(problem)
    return None


def _problem(model: type[BaseModel], detail: ErrorDetails, document: Document, path: Path) -> RecipeError:
    # Union members appear in `loc` by their tag, which we always write as `<tag>`.
    loc = tuple(item for item in detail["loc"] if not str(item).startswith("<"))
    where, kind = (*path, *loc), detail["type"]
    key = str(loc[-1]) if loc else str(path[-1]) if path else ""
    if kind == "extra_forbidden":
        return RecipeError(
            f"unknown key `{key}`",
            place=document.key(where),
            hint=did_you_mean(key, fields_at(model, loc[:-1]), what="keys here"),
        )
    if kind == "missing":
        hint = f"add `format: {FORMAT}`" if key == "format" else None
        return RecipeError(f"`{key}` is missing here", place=document.place(where[:-1]), hint=hint)
    name = _name(where, document)
    place = document.place(where)
    got = _got(detail["input"])
    if kind == "literal_error":
        expected = detail["ctx"]["expected"].replace("'", "`")
        return RecipeError(f"{name} must be {expected}{_shown(detail['input'])}", place=place)
    if kind == "value_error":
        return RecipeError(f"{name}: {detail['ctx']['error']}", place=place)
    if kind in _WANTED:
        bare = kind == "string_type" and got in ("a number", "`true`/`false`")
        hint = "put it in quotes" if bare else None
        return RecipeError(f"{name} wants {_WANTED[kind]}, not {got}", place=place, hint=hint)
    message = (detail["msg"][:1].lower() + detail["msg"][1:]).replace("input should be", "must be")
    return RecipeError(f"{name}: {message}", place=place)


def _newer(given: object) -> bool:
    return isinstance(given, int) and given > FORMAT


def _of_newer(given: int, document: Document) -> RecipeError:
    """All else that is wrong with such a file may be what has become right."""
    return RecipeError(
        f"`{document.file}` has format {given}, and this nodebake reads {FORMAT}",
        place=document.place(("format",)),
        hint=f"it was written for a newer nodebake: update yours; if it was not, write `format: {FORMAT}`",
    )


def _name(where: Path, document: Document) -> str:
    """How an error calls the value at `where`."""
    keys = [str(item) for item in where if isinstance(item, str)]
    name = f"`{keys[-1]}`" if keys else f"`{document.file}`"
    if where and isinstance(where[-1], int):
        return f"item {where[-1] + 1} of {name}"
    return name


def _got(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "`true`/`false`"
    if isinstance(value, int | float):
        return "a number"
    names: dict[type, str] = {str: "a string", list: "a list", dict: "a mapping"}
    return names.get(type(value), "this")


def _shown(value: object) -> str:
    return f", not `{value}`" if isinstance(value, str | int) and len(str(value)) <= 40 else ""


def fields_at(model: type[BaseModel], loc: tuple[str | int, ...]) -> list[str]:
    """The field names that are known at `loc` below `model`."""
    here: list[Any] = [model]
    for item in loc:
        here = [child for annotation in here for child in _children(annotation, item)]
    names: set[str] = set()
    for annotation in here:
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            names.update(info.alias or name for name, info in annotation.model_fields.items())
    return sorted(names)


def _children(annotation: object, item: str | int) -> list[Any]:
    if isinstance(annotation, type) and issubclass(annotation, RootModel):
        return [c for a in _flat(annotation.model_fields["root"].annotation) for c in _children(a, item)]
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        fields = annotation.model_fields.items()
        found = next((info for name, info in fields if (info.alias or name) == str(item)), None)
        return _flat(found.annotation) if found else []
    arguments = get_args(annotation)
    return _flat(arguments[-1]) if arguments else []


def _flat(annotation: object) -> list[Any]:
    """The members of unions, without their annotations."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _flat(get_args(annotation)[0])
    if origin is Union or type(annotation).__name__ == "UnionType":
        return [flat for member in get_args(annotation) for flat in _flat(member)]
    return [annotation]
