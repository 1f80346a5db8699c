# SPDX-License-Identifier: Apache-2.0
"""Values as plain JSON data."""

from __future__ import annotations

import hashlib
from pathlib import Path

from builder.cli.plain import plain
from builder.errors import Exit
from builder.recipe.effect import AddUser, Inline, WriteFile


def test_bytes_are_told_by_their_hash() -> None:
    assert plain(WriteFile("etc/motd", Inline(b"hi\n"))) == {
        "path": "etc/motd",
        "content": {"data": {"size": 3, "sha256": hashlib.sha256(b"hi\n").hexdigest()}},
        "mode": 0o644,
        "owner": "root",
        "group": "root",
    }


def test_a_password_hash_is_not_shown() -> None:
    told = plain(AddUser("pi", password_hash="$6$secret"))
    assert isinstance(told, dict)
    assert told["password_hash"] == "(hidden)"
    assert "secret" not in str(plain({"users": [{"name": "pi", "password_hash": "$6$secret"}]}))


def test_the_rest() -> None:
    assert plain((Path("a/b"), {"x"}, None, True, 1, Exit.USAGE)) == ["a/b", ["x"], None, True, 1, 2]
