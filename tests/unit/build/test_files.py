# SPDX-License-Identifier: Apache-2.0
"""No path of a recipe leaves the tree, whatever links the tree has."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.build.bench import Bench
from builder.build.step import files
from builder.build.step.files import confined, read, run
from builder.errors import StepError
from builder.plan.encode import encode
from builder.recipe.effect import Delete, FromFile, Inline, MakeDirectory, MakeLink, WriteFile


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    (folder / "usr/bin").mkdir(parents=True)
    (folder / "bin").symlink_to("usr/bin")
    (tmp_path / "outside").mkdir()
    return folder


def refusal(tree: Path, path: str) -> str:
    with pytest.raises(StepError) as caught:
        confined(tree, path)
    return caught.value.render()


def test_parents_are_made(tree: Path) -> None:
    assert confined(tree, "etc/a/b") == tree / "etc/a/b"
    assert (tree / "etc/a").is_dir()
    assert not (tree / "etc/a/b").exists()


def test_a_link_within_is_followed(tree: Path) -> None:
    assert confined(tree, "bin/x") == tree / "usr/bin/x"


@pytest.mark.parametrize("target", ["/usr/bin", "usr/bin", "../../../usr/bin", "/../usr/./bin"])
def test_links_are_read_as_the_tree_reads_them(tree: Path, target: str) -> None:
    (tree / "link").symlink_to(target)
    assert confined(tree, "link/x") == tree / "usr/bin/x"


def test_a_link_to_the_machine_stays_in_the_tree(tree: Path) -> None:
    outside = tree.parent / "outside"
    (tree / "link").symlink_to(outside)
    found = confined(tree, "link/x")
    assert found == tree / str(outside).lstrip("/") / "x"
    assert list(outside.iterdir()) == []


def test_links_of_links(tree: Path) -> None:
    (tree / "one").symlink_to("two/deep")
    (tree / "two").symlink_to("/three")
    (tree / "three").mkdir()
    (tree / "three/deep").symlink_to(tree.parent / "outside")
    assert confined(tree, "one/x").is_relative_to(tree.resolve())
    confined(tree, "one/x").write_text("")
    assert list((tree.parent / "outside").iterdir()) == []


def test_a_loop(tree: Path) -> None:
    (tree / "a").symlink_to("b")
    (tree / "b").symlink_to("a")
    assert refusal(tree, "a/x") == "error: `a` leads into a loop of links"


def test_a_file_on_the_way(tree: Path) -> None:
    (tree / "etc").write_text("")
    assert refusal(tree, "etc/a/b") == "error: `etc/a` cannot be a directory: `etc` is none"


TARGETS = st.lists(st.sampled_from(["..", ".", "a", "b", "c"]), min_size=1, max_size=4).map("/".join)


@given(st.dictionaries(st.sampled_from("abc"), st.tuples(st.sampled_from(["", "/"]), TARGETS)), TARGETS)
def test_nothing_escapes(
    tmp_path_factory: pytest.TempPathFactory, links: dict[str, tuple[str, str]], path: str
) -> None:
    top = tmp_path_factory.mktemp("top")
    tree = top / "x/y/tree"
    tree.mkdir(parents=True)
    for name, (root, target) in links.items():
        (tree / name).symlink_to(root + target)
    # A recipe's path is normalised before.
    relative = os.path.normpath(f"/{path}").lstrip("/")
    try:
        found = confined(tree, f"{relative}/file")
    except StepError:
        pass
    else:
        assert found.parent.resolve().is_relative_to(tree)
    assert [entry.name for entry in (top / "x/y").iterdir()] == ["tree"]
    assert [entry.name for entry in top.iterdir()] == ["x"]


@pytest.fixture
def bench(tree: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.setattr(os, "chown", lambda *_: None)
    (tree / "etc").mkdir()
    (tree / "etc/passwd").write_text("me:x:1000:1000::/home/me:/bin/sh\n")
    (tree / "etc/group").write_text("me:x:1000:\n")
    return Bench(tree, tree.parent / "log", 0, "arm64", "amd64")


def do(bench: Bench, *effects: object) -> None:
    run({"effects": encode(effects)}, bench)


def test_writing_replaces_a_link_and_not_what_it_points_to(bench: Bench) -> None:
    target = bench.tree.parent / "outside/precious"
    target.write_text("precious")
    (bench.tree / "etc/motd").symlink_to(target)
    do(bench, WriteFile("etc/motd", Inline(b"hello"), 0o600))
    assert target.read_text() == "precious"
    assert (bench.tree / "etc/motd").read_text() == "hello"
    assert (bench.tree / "etc/motd").stat().st_mode & 0o7777 == 0o600


def test_deleting_a_link_leaves_what_it_points_to(bench: Bench) -> None:
    target = bench.tree.parent / "outside"
    (bench.tree / "etc/link").symlink_to(target)
    do(bench, Delete("etc/link"), Delete("etc/absent"), Delete("usr"))
    assert target.is_dir()
    assert not (bench.tree / "etc/link").is_symlink()
    assert not (bench.tree / "usr").exists()


@pytest.mark.parametrize("pattern", ["opt/gone/file", "opt/gone/*", "dangling/x/file"])
def test_deleting_what_is_not_there_makes_nothing(bench: Bench, pattern: str) -> None:
    (bench.tree / "dangling").symlink_to("nowhere/deep")
    before = sorted(bench.tree.rglob("*"))
    do(bench, Delete(pattern))
    assert sorted(bench.tree.rglob("*")) == before


def test_a_glob_is_deleted_within_the_tree(bench: Bench) -> None:
    outside = bench.tree.parent / "outside"
    (outside / "a.txt").touch()
    for name in ("lib/a.txt", "lib/b.bin", "lib/deep/c.txt"):
        (bench.tree / name).parent.mkdir(parents=True, exist_ok=True)
        (bench.tree / name).touch()
    (bench.tree / "lib/out").symlink_to(outside)
    do(bench, Delete("lib/*.txt"), Delete("lib/*/c.???"), Delete("lib/*/a.txt"), Delete("no/*"))
    left = {str(path.relative_to(bench.tree)) for path in (bench.tree / "lib").rglob("*")}
    assert left == {"lib/b.bin", "lib/deep", "lib/out"}
    assert (outside / "a.txt").exists()
    do(bench, Delete("lib/**/o*"))
    assert not (bench.tree / "lib/out").is_symlink()
    assert (outside / "a.txt").exists()


def test_directories_and_links(bench: Bench) -> None:
    do(bench, MakeDirectory("srv/data", 0o750, "me", "1000"), MakeLink("srv/link", "data"))
    assert (bench.tree / "srv/data").stat().st_mode & 0o7777 == 0o750
    assert str((bench.tree / "srv/link").readlink()) == "data"


def test_a_directory_over_a_link_does_not_change_what_it_points_to(bench: Bench) -> None:
    outside = bench.tree.parent / "outside"
    outside.chmod(0o700)
    (bench.tree / "srv").symlink_to(outside)
    do(bench, MakeDirectory("srv", 0o755))
    assert outside.stat().st_mode & 0o7777 == 0o700


def test_an_owner_that_is_not_there(bench: Bench) -> None:
    with pytest.raises(StepError) as caught:
        do(bench, WriteFile("x", Inline(b""), owner="nobody"))
    assert caught.value.render() == (
        "error: the tree has no `nobody` in /etc/passwd\nhint: add it by a users layer that comes first"
    )


def test_a_project_file_that_changed_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "PROJECT", tmp_path)
    (tmp_path / "x").write_text("now")
    assert read(FromFile("x", hashlib.sha256(b"now").hexdigest(), 3)) == b"now"
    with pytest.raises(StepError) as caught:
        read(FromFile("x", hashlib.sha256(b"then").hexdigest(), 4))
    assert caught.value.render() == "error: `x` has changed while it was being built\nhint: build again"
