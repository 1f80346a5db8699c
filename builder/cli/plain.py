# SPDX-License-Identifier: Apache-2.0
"""Values as plain JSON data."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence, Set
from dataclasses import fields, is_dataclass
from pathlib import PurePath

# A hash of a password is not for logs, though it must go into the image.
_HIDDEN = frozenset({"password_hash"})


def plain(value: object) -> object:
    """Dataclasses become objects, bytes their size and sha256, everything unknown its text."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, bytes):
        return {"size": len(value), "sha256": hashlib.sha256(value).hexdigest()}
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: _field(item.name, getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _field(str(key), item) for key, item in value.items()}
    if isinstance(value, str | PurePath):
        return str(value)
    if isinstance(value, Set):
        return sorted(str(item) for item in value)
    if isinstance(value, Sequence):
        return [plain(item) for item in value]
    return str(value)


def _field(name: str, value: object) -> object:
    return "(hidden)" if name in _HIDDEN and value else plain(value)
