# SPDX-License-Identifier: Apache-2.0
"""Where each file of an image lies. The next release is told, so that what did not change stays there.

    {"format":1,"made":1760000000,"boot_size":268435456,"groups":20,"inodes_per_group":8192}
    - 9+31 1760000000:08cb4e8f9f3f4a2c "boot/firmware/cmdline.txt"
    12 4660 1760000000:91e0a7d3b1f25c44 "etc"
    713 70112+3,81920 - "usr/bin/bash"

A line for each inode of the root file system and each file and directory of the boot partition: inode,
blocks (or clusters) as first+count, for what the build itself made its date and a digest of what it is
(redate.py), path (the first of its names). Sorted by path.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from json.encoder import encode_basestring_ascii as quoted
from pathlib import Path
from typing import NamedTuple

from builder.errors import NodebakeError
from builder.image.space import Span

FORMAT = 1


class Placed(NamedTuple):
    """An inode's number, 0 where there are none; its content's spans, in order.

    `date` in seconds since 1970 and `digest` are empty for what a package brought.
    """

    inode: int
    spans: tuple[Span, ...] = ()
    date: int = 0
    digest: str = ""


@dataclass(frozen=True)
class Placement:
    """`made` is when the file systems were first laid out, seconds since 1970; `boot_size` in bytes.

    `files` and `boot` are keyed by path; those of `boot` are below its mount point too.
    """

    made: int
    boot_size: int
    groups: int
    inodes_per_group: int
    files: dict[str, Placed] = field(default_factory=dict)
    boot: dict[str, Placed] = field(default_factory=dict)


def dump(placement: Placement) -> str:
    """The placement as text; equal ones give equal text."""
    head = {
        "format": FORMAT,
        "made": placement.made,
        "boot_size": placement.boot_size,
        "groups": placement.groups,
        "inodes_per_group": placement.inodes_per_group,
    }
    both = [*placement.files.items(), *placement.boot.items()]
    both.sort(key=lambda item: (item[0], item[1].inode))
    rows = [
        f"{placed.inode or '-'} {_spans(placed.spans)} {_date(placed)} {quoted(path)}"
        for path, placed in both
    ]
    return "\n".join([json.dumps(head, separators=(",", ":")), *rows, ""])


def parse_head(path: Path) -> Placement:
    """What the first line of a placement's file tells, without the files."""
    with path.open(encoding="ascii") as file:
        return parse(file.readline())


def parse(text: str) -> Placement:
    """The inverse of :func:`dump`. Raises NodebakeError for what is no placement that this version reads."""
    head, _, rows = text.partition("\n")
    try:
        fields = json.loads(head)
        if (number := fields.pop("format")) != FORMAT:
            raise NodebakeError(
                f"a placement of format {number} cannot be read",
                facts=[f"this nodebake reads format {FORMAT}"],
                hint="update nodebake",
            )
        placement = Placement(**fields)
        for row in rows.splitlines():
            inode, spans, dated, path = row.split(" ", 3)
            where = placement.boot if inode == "-" else placement.files
            date, _, digest = dated.partition(":") if dated != "-" else ("0", "", "")
            number = 0 if inode == "-" else int(inode)
            where[json.loads(path)] = Placed(number, _parse_spans(spans), int(date), digest)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NodebakeError(
            "the placement is damaged", facts=[f"{type(error).__name__}: {error}"], hint="restore it"
        ) from error
    return placement


def _date(placed: Placed) -> str:
    return f"{placed.date}:{placed.digest}" if placed.digest else "-"


def _spans(spans: tuple[Span, ...]) -> str:
    return ",".join(f"{start}+{length}" if length > 1 else str(start) for start, length in spans) or "-"


def _parse_spans(text: str) -> tuple[Span, ...]:
    if text == "-":
        return ()
    pairs = (part.partition("+") for part in text.split(","))
    return tuple((int(start), int(length or 1)) for start, _, length in pairs)
