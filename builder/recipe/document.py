# SPDX-License-Identifier: Apache-2.0
"""A YAML 1.2 file as plain data, with the place of every key and value."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from builder.errors import Place, RecipeError
from builder.recipe.sources import OutsideError, Sources

Path = tuple[str | int, ...]
# What YAML can hold, looked at only to be checked: dicts, lists, scalars.
Data: TypeAlias = Any

# A line that may hold a secret is never quoted back; a file with a private key in it not at all.
_SECRET_LINE = re.compile(r"(psk|passwo?r?d\w*|passphrase)[\"']?\s*:|://[^/\s]*@", re.IGNORECASE)
_SECRET_FILE = re.compile(r"PRIVATE KEY")


@dataclass(frozen=True)
class Document:
    """One file: `data` is dicts, lists and scalars; places are kept by path from the top."""

    file: str
    data: Data
    text: str
    values: Mapping[Path, Place] = field(default_factory=dict)
    keys: Mapping[Path, Place] = field(default_factory=dict)

    def place(self, path: Path) -> Place:
        """Where the value at `path` stands, or the nearest thing around it."""
        while path and path not in self.values:
            path = path[:-1]
        return self.values.get(path) or Place(self.file, 1, 1)

    def key(self, path: Path) -> Place:
        """Where the key of the value at `path` stands."""
        return self.keys.get(path) or self.place(path)


def read_text(sources: Sources, file: str, place: Place, what: str) -> str:
    """The text of a file that another file names at `place`."""
    return decode(file, read_bytes(sources, file, place, what))


def read_bytes(sources: Sources, file: str, place: Place, what: str) -> bytes:
    """The bytes of a file that another file names at `place`."""
    try:
        return sources.read(file)
    except OutsideError:
        message, hint = f"{what} `{file}` leaves the project", "copy the file into the project"
    except (FileNotFoundError, IsADirectoryError):
        message, hint = f"{what} `{file}` is not there", "paths are relative to the project's root"
    raise RecipeError(message, place=place, hint=hint)


def decode(file: str, raw: bytes) -> str:
    """Text from UTF-8 with or without a byte order mark."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        raise RecipeError(
            f"not UTF-8: byte 0x{raw[error.start]:02x}",
            place=Place(file, before.count(b"\n") + 1, len(before) - before.rfind(b"\n")),
            hint="save the file as UTF-8, for example with `iconv -t UTF-8`",
        ) from None


def unquoted(place: Place) -> Place:
    """The place without its line, which holds what must not be shown."""
    return Place(place.file, place.line, place.column)


def spot(file: str, text: str, line: int, column: int) -> Place:
    """A place with its line quoted, unless that could show a secret. Counts from 1."""
    lines = text.split("\n")
    quoted = lines[line - 1].rstrip("\r") if 0 < line <= len(lines) else ""
    if _SECRET_LINE.search(quoted) or _SECRET_FILE.search(text):
        quoted = ""
    return Place(file, line, column, quoted)
