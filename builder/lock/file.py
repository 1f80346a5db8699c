# SPDX-License-Identifier: Apache-2.0
"""The lock file: JSON with a package a line, so that a difference of two locks can be read."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, fields
from typing import Any

from builder.errors import StaleLockError
from builder.lock.lock import (
    FORMAT,
    READABLE,
    ArchiveState,
    Blob,
    Lock,
    Locked,
    LockedImage,
    Request,
    Suites,
)
from builder.recipe.effect import PreloadImage


def dump(lock: Lock) -> str:
    """The lock as text; equal locks give equal text."""
    parts = [
        f'"format": {FORMAT}',
        f'"recipe": {json.dumps(lock.recipe)}',
        *([f'"placement": {json.dumps(lock.placement)}'] if lock.placement else []),
        f'"request": {json.dumps(_plain(lock.request), sort_keys=True, default=asdict)}',
        f'"archives": {_rows(asdict(state) for state in lock.archives)}',
        f'"packages": {_rows(_plain(p) for p in lock.packages)}',
        *([f'"images": {_rows(_plain(image) for image in lock.images)}'] if lock.images else []),
    ]
    parts += [
        f'"helper {arch}": {_rows(_plain(p) for p in packages)}'
        for arch, packages in sorted(lock.helpers.items())
    ]
    return "{\n" + ",\n".join(parts) + "\n}\n"


def parse(text: str, name: str) -> Lock:
    """The inverse of :func:`dump`; `name` is the file's name for messages.

    Raises StaleLockError for what is no lock of a format that this version reads.
    """
    try:
        data = json.loads(text)
        if data["format"] not in READABLE:
            raise StaleLockError(
                f"lock `{name}` has format {data['format']}, this nodebake reads up to {FORMAT}",
                hint="use the nodebake that wrote it, or make it anew with `nodebake lock RECIPE --update`",
            )
        asked = data["request"]
        return Lock(
            recipe=data["recipe"],
            request=Request(
                architecture=asked["architecture"],
                suites=_suites(asked["suites"]),
                packages=tuple(asked["packages"]),
                helper=tuple(asked["helper"]),
                foreign=tuple(asked.get("foreign", ())),
                tools=_suites(asked.get("tools", ())),
                images=tuple(
                    PreloadImage(**{**row, "platforms": tuple(row["platforms"])})
                    for row in asked.get("images", ())
                ),
            ),
            archives=tuple(
                ArchiveState(**{**row, "components": tuple(row["components"])}) for row in data["archives"]
            ),
            packages=tuple(Locked(**row) for row in data["packages"]),
            helpers={
                key.removeprefix("helper "): tuple(Locked(**row) for row in rows)
                for key, rows in data.items()
                if key.startswith("helper ")
            },
            placement=str(data.get("placement", "")),
            images=tuple(_image(row) for row in data.get("images", ())),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StaleLockError(
            f"lock `{name}` cannot be read",
            facts=[f"{type(error).__name__}: {error}"],
            hint="restore it, or make it anew with `nodebake lock RECIPE --update`",
        ) from error


def _image(row: dict[str, Any]) -> LockedImage:
    pieces = {"config": Blob(**row["config"]), "layers": tuple(Blob(**layer) for layer in row["layers"])}
    return LockedImage(**{**row, **pieces})


def _plain(value: Locked | LockedImage | Request) -> dict[str, Any]:
    """Fields without those that have their default."""
    named = {field.name: (getattr(value, field.name), field.default) for field in fields(value)}
    return {name: said for name, (said, default) in named.items() if said != default}


def _suites(rows: Iterable[tuple[str, str, Iterable[str]]]) -> Suites:
    return tuple((archive, suite, tuple(components)) for archive, suite, components in rows)


def _rows(rows: Iterable[dict[str, Any]]) -> str:
    return (
        "[\n" + ",\n".join(f"  {json.dumps(row, ensure_ascii=False, default=asdict)}" for row in rows) + "\n]"
    )
