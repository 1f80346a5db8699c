# SPDX-License-Identifier: Apache-2.0
"""A .deb with its files stored: what is copied, what is said of its size, what is refused."""

from __future__ import annotations

import io

import pytest

from builder.archive.deb import finish_stored, start_stored
from builder.errors import StepError


def _member(name: bytes, data: bytes) -> bytes:
    padding = b"\n" * (len(data) % 2)
    return b"%-16s%-12d%-6d%-6d%-8s%-10d`\n" % (name, 0, 0, 0, b"100644", len(data)) + data + padding


START = b"!<arch>\n" + _member(b"debian-binary", b"2.0\n") + _member(b"control.tar.xz", b"odd")


@pytest.mark.parametrize("files", [b"", b"even", b"odd"])
def test_only_the_files_differ(files: bytes) -> None:
    source, stored = io.BytesIO(START + _member(b"data.tar.xz", b"compressed")), io.BytesIO()
    start_stored(source, stored)
    start = stored.tell()
    stored.write(files)
    finish_stored(stored, start)
    assert stored.getvalue() == START + _member(b"data.tar", files)


@pytest.mark.parametrize(
    ("source", "why"),
    [
        (b"", "it does not start like one"),
        (b"PK\3\4 a zip", "it does not start like one"),
        (START, "it has no files"),
        (START + b"garbage", "it has a member without a size"),
    ],
)
def test_what_is_no_deb_is_refused(source: bytes, why: str) -> None:
    with pytest.raises(StepError, match=f"^a package file is no .deb: {why}$"):
        start_stored(io.BytesIO(source), io.BytesIO())
