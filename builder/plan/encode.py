# SPDX-License-Identifier: Apache-2.0
"""Effects and other frozen values as plain JSON data, and those that a recipe is made of back from it.

A step's inputs are such data: they are hashed for its id, sent to the worker, and kept beside its
result.
"""

from __future__ import annotations

import base64
from dataclasses import fields, is_dataclass
from typing import Any

from builder.recipe import effect as effects
from builder.recipe import recipe as recipes

_KINDS = {
    kind.__name__: kind
    for room in (effects, recipes)
    for kind in vars(room).values()
    if isinstance(kind, type) and is_dataclass(kind)
}


def encode(value: Any) -> Any:
    """Plain data; a dataclass becomes its fields and its name under `is`."""
    if is_dataclass(value):
        return {"is": type(value).__name__, **{f.name: encode(getattr(value, f.name)) for f in fields(value)}}
    if isinstance(value, bytes):
        return {"is": "bytes", "base64": base64.b64encode(value).decode()}
    if isinstance(value, tuple | list):
        return [encode(item) for item in value]
    return value


def decode(data: Any) -> Any:
    """The inverse for a recipe and what it holds; lists come back as tuples."""
    if isinstance(data, list):
        return tuple(decode(item) for item in data)
    if isinstance(data, dict):
        if data["is"] == "bytes":
            return base64.b64decode(data["base64"])
        return _KINDS[data["is"]](**{key: decode(item) for key, item in data.items() if key != "is"})
    return data
