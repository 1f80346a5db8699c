# SPDX-License-Identifier: Apache-2.0
"""Sizes, paths, globs, near names, keys: parse and print are inverse, and no path escapes."""

from __future__ import annotations

import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.recipe import size
from builder.recipe.confine import confine, link_stays, over_link
from builder.recipe.globs import matching
from builder.recipe.near import did_you_mean
from builder.recipe.ssh_key import KeyFault, is_password_hash, public_key
from tests.unit.recipe.project import KEY

PATHS = st.lists(st.sampled_from(["..", ".", "", "a", "b.c", "lib", "etc"]), max_size=8).map("/".join)


@given(st.integers(min_value=0, max_value=10**17))
def test_size_text_and_parse_are_inverse(number: int) -> None:
    assert size.parse(size.text(number)) == number


@pytest.mark.parametrize(
    ("text", "bytes_"), [("0", 0), ("512", 512), ("1K", 1024), ("64M", 64 << 20), ("2GiB", 2 << 30), (7, 7)]
)
def test_sizes(text: str | int, bytes_: int) -> None:
    assert size.parse(text) == bytes_


@pytest.mark.parametrize("text", ["", "M", "-1", "1.5G", "1 PB", True, None, -1])
def test_no_sizes(text: object) -> None:
    with pytest.raises(ValueError, match="is no size"):
        size.parse(text)


@given(PATHS)
def test_a_confined_path_stays(path: str) -> None:
    try:
        inside = confine(path)
    except ValueError:
        return
    assert posixpath.normpath("/root/" + inside).startswith("/root/")
    assert confine(inside) == inside


@given(PATHS.filter(bool), PATHS)
def test_a_link_that_stays_points_into_the_tree(path: str, target: str) -> None:
    try:
        path = confine(path)
    except ValueError:
        return
    if target and not target.startswith("/") and link_stays(path, target):
        joined = posixpath.normpath("/root/" + posixpath.dirname(path) + "/" + target)
        assert joined == "/root" or joined.startswith("/root/")


def test_links_of_a_merged_usr() -> None:
    assert over_link("lib/systemd/x") == ("lib", "usr/lib/systemd/x")
    assert over_link("bin") == ("bin", "usr/bin")
    assert over_link("library/x") is None
    assert over_link("usr/lib/x") is None


def test_globs() -> None:
    paths = ["etc/a.conf", "etc/b/c.conf", "usr/bin/x"]
    assert matching("etc/*.conf", paths) == ["etc/a.conf"]
    assert matching("/etc/**", paths) == ["etc/a.conf", "etc/b/c.conf"]
    assert matching("**/*.conf", paths) == ["etc/a.conf", "etc/b/c.conf"]
    assert matching("usr/bin/?", paths) == ["usr/bin/x"]
    assert matching("etc/[ab].conf", paths) == []


def test_near_names() -> None:
    assert did_you_mean("pakages", ["packages", "files"]) == "did you mean `packages`?"
    assert did_you_mean("zzz", ["a", "b"], what="words") == "words: `a`, `b`"
    assert did_you_mean("zzz", [f"name{i}" for i in range(20)]) is None


def test_keys() -> None:
    assert public_key(f"  {KEY}\n") == KEY
    assert public_key(f'from="10.0.0.0/8" {KEY}') == f'from="10.0.0.0/8" {KEY}'
    with pytest.raises(KeyFault) as caught:
        public_key("-----BEGIN OPENSSH PRIVATE KEY-----\nabc")
    assert caught.value.secret
    for wrong in ("", "ssh-ed25519", "ssh-ed25519 AAAA", f"{KEY}\n{KEY}", "ssh-ed25519 ???"):
        with pytest.raises(KeyFault):
            public_key(wrong)


def test_password_hashes() -> None:
    assert is_password_hash("$y$j9T$abcdefghijklmnop$" + "a" * 43)
    assert is_password_hash("$6$salt$" + "a" * 86)
    assert is_password_hash("$6$rounds=10000$salt$" + "a" * 86)
    for wrong in ("hunter2", "$1$a$b", "", "*", "$y$", "$6$salt$short"):
        assert not is_password_hash(wrong)
