# SPDX-License-Identifier: Apache-2.0
"""JSON Schema for editors, made from the models that reading itself uses."""

from __future__ import annotations

from typing import Any

from builder.recipe.kind import kinds
from builder.recipe.overlay import OverlayFile
from builder.recipe.recipe_file import RecipeFile
from builder.recipe.site_file import SiteFile

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TEMPLATE = {"type": "string", "pattern": r"\{\{.*\}\}"}


def json_schema() -> dict[str, Any]:
    """The schema of recipe files."""
    schema = RecipeFile.model_json_schema()
    definitions = schema.setdefault("$defs", {})
    layers = []
    for kind in kinds():
        body = kind.model.model_json_schema(ref_template=f"#/$defs/{kind.name}.{{model}}")
        definitions.update({f"{kind.name}.{n}": s for n, s in body.pop("$defs", {}).items()})
        definitions[kind.name] = body
        layers.append(
            {
                "type": "object",
                "properties": {kind.name: {"$ref": f"#/$defs/{kind.name}"}},
                "required": [kind.name],
                "additionalProperties": False,
            }
        )
    schema["properties"]["layers"]["items"] = {"oneOf": layers}
    for name, definition in definitions.items():
        if name != "VariableModel":
            definitions[name] = _templated(definition)
    return {"$schema": _DIALECT, **schema, "title": "nodebake recipe"}


def site_schema() -> dict[str, Any]:
    """The schema of site.yaml."""
    return {"$schema": _DIALECT, **SiteFile.model_json_schema(), "title": "nodebake site"}


def overlay_schema() -> dict[str, Any]:
    """The schema of overlay.yaml."""
    return {"$schema": _DIALECT, **OverlayFile.model_json_schema(), "title": "nodebake overlay"}


def _templated(schema: Any) -> Any:
    """`schema` with a template allowed wherever it wants a number, a boolean or a word of a list."""
    if isinstance(schema, list):
        return [_templated(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    below = {key: _templated(value) for key, value in schema.items()}
    if schema.get("type") in ("integer", "boolean", "array") or isinstance(schema.get("enum"), list):
        told = {key: below.pop(key) for key in ("description", "default", "title") if key in below}
        return {**told, "anyOf": [below, _TEMPLATE]}
    return below
