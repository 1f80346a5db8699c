# SPDX-License-Identifier: Apache-2.0
"""SHA256SUMS, as sha256sum -c reads it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path

from builder.errors import NodebakeError

NAME = "SHA256SUMS"
_LINE = re.compile(r"([0-9a-f]{64})  ([^/\\\n]+)")


def dump(sums: Mapping[str, str]) -> str:
    """File name → hex sha256 as text, sorted by name. Names are plain: no directory, no backslash."""
    return "".join(f"{sums[name]}  {name}\n" for name in sorted(sums))


def parse(text: str) -> dict[str, str]:
    """The inverse of :func:`dump`; raises NodebakeError at a line that is none."""
    sums: dict[str, str] = {}
    for number, line in enumerate(text.split("\n")[:-1] if text else [], start=1):
        match = _LINE.fullmatch(line)
        if not match:
            raise NodebakeError(f"line {number} of `{NAME}` is not a checksum", facts=[line])
        sums[match[2]] = match[1]
    return sums


def verify(directory: Path) -> None:
    """Check every file that the directory's SHA256SUMS names; all that is wrong in one error."""
    wrong = []
    for name, expected in parse((directory / NAME).read_text(encoding="utf-8")).items():
        path = directory / name
        if not path.is_file():
            wrong.append(f"{name}: missing")
        elif file_sha256(path) != expected:
            wrong.append(f"{name}: changed")
    if wrong:
        raise NodebakeError(f"`{directory}` is not what was released", facts=wrong, hint="build it again")


def file_sha256(path: Path) -> str:
    """Hex sha256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
