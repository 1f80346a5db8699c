# SPDX-License-Identifier: Apache-2.0
"""Which ids stand for a tree's owners."""

from __future__ import annotations

import os
import pwd
from pathlib import Path
from types import SimpleNamespace

import pytest

from builder.errors import Exit, LackingError
from builder.host import identity
from builder.host.identity import COUNT, ROOT_RANGE, IdMap, id_map


@pytest.fixture
def tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine whose user 1000 is `me`, and whose subuid and subgid lie in the folder returned."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(os, "getegid", lambda: 1001)
    monkeypatch.setattr(pwd, "getpwuid", lambda _: SimpleNamespace(pw_name="me"))
    monkeypatch.setattr(identity, "Path", lambda path: tmp_path / Path(path).name)
    return tmp_path


def write(tables: Path, subuid: str, subgid: str) -> None:
    (tables / "subuid").write_text(subuid)
    (tables / "subgid").write_text(subgid)


def test_root_maps_a_high_range(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    whole = ((0, ROOT_RANGE, COUNT),)
    assert id_map() == IdMap(whole, whole)
    assert id_map().root == ROOT_RANGE


def test_a_user_is_0_and_his_range_is_the_rest(tables: Path) -> None:
    write(tables, "you:100000:65536\nme:165536:65536\n", "me:200000:65536\n")
    assert id_map() == IdMap(((0, 1000, 1), (1, 165536, 65535)), ((0, 1001, 1), (1, 200000, 65535)))
    assert id_map().root == 1000


def test_a_range_may_be_given_by_number(tables: Path) -> None:
    write(tables, "1000:165536:65536\n", "1000:165536:65535\n")
    assert id_map().uids[1] == (1, 165536, 65535)


@pytest.mark.parametrize(
    "text",
    ["", "\n", "# none\n", "you:100000:65536\n", "me:100000:1000\n", "me:100000\n", "me:x:y\n", "me\n"],
)
def test_no_range(tables: Path, text: str) -> None:
    write(tables, text, "me:200000:65536\n")
    assert refusal() == told("uid")


def test_a_damaged_line_is_passed_over(tables: Path) -> None:
    write(tables, "me:x:65536\nme:165536:65536\n", "me:165536:65536\n")
    assert id_map().uids[1] == (1, 165536, 65535)


def test_no_range_of_groups(tables: Path) -> None:
    write(tables, "me:200000:65536\n", "")
    assert refusal() == told("gid")


def test_no_files(tables: Path) -> None:
    assert refusal() == told("uid")


def told(kind: str) -> str:
    return (
        f"error: user `me` has no range of 65536 subordinate {kind}s in /etc/sub{kind}\n"
        "  a build runs in a user namespace, and the files of a tree need their owners\n"
        "hint: sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 me"
    )


def refusal() -> str:
    with pytest.raises(LackingError) as caught:
        id_map()
    assert caught.value.exit == Exit.LACKING
    return caught.value.render()
