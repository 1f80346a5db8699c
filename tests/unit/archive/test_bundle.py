# SPDX-License-Identifier: Apache-2.0
"""Bundles: the same bytes for the same lock, and nothing kept of a damaged one."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from builder.archive.bundle import packages, read, write
from builder.errors import NodebakeError
from builder.lock.file import dump
from builder.lock.lock import Blob, Lock, Locked, LockedImage
from tests.unit.lock.samples import REQUEST, STATE, locked

Content = list[tuple[str, bytes]]


def package(name: str) -> Locked:
    return locked(name, sha256=sha256(name.encode()).hexdigest(), size=len(name))


def blob(text: str) -> Blob:
    return Blob(sha256(text.encode()).hexdigest(), len(text))


IMAGE = LockedImage(
    "docker.io/library/x:1", "linux/arm64", "1" * 64, blob("config"), (blob("layer"), blob("layer"))
)
LOCK = Lock(
    "mine",
    REQUEST,
    (STATE,),
    (package("one"), package("three")),
    {"amd64": (package("tool"),)},
    images=(IMAGE,),
)
FILES = {
    **{f"debs/{d}.deb": n for d, n in sorted((package(n).sha256, n) for n in ("one", "three", "tool"))},
    **{f"blobs/{d}": n for d, n in sorted((blob(n).sha256, n) for n in ("config", "layer"))},
}


def silent(count: int) -> None:
    pass


@pytest.fixture
def store(tmp_path: Path) -> Path:
    folder = _folders(tmp_path / "store")
    for path, text in FILES.items():
        (folder / path).write_text(text)
    return folder


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    return _folders(tmp_path / "empty")


def _folders(root: Path) -> Path:
    for name in ("debs", "blobs"):
        (root / name).mkdir(parents=True)
    return root


def kept(store: Path) -> dict[str, str]:
    """What is in a store, by path."""
    return {str(path.relative_to(store)): path.read_text() for path in store.rglob("*") if path.is_file()}


@pytest.fixture
def bundle(tmp_path: Path, store: Path) -> Path:
    write(LOCK, store, tmp_path / "mine.tar", silent)
    return tmp_path / "mine.tar"


def test_there_and_back(bundle: Path, store: Path, empty: Path) -> None:
    assert read(bundle, empty, silent) == LOCK
    assert kept(empty) == FILES


def test_what_is_in_it(bundle: Path) -> None:
    with tarfile.open(bundle) as tar:
        found = tar.getmembers()
    assert [member.name for member in found] == [
        "bundle.json",
        "lock",
        *FILES,
    ]
    assert {(m.mtime, m.uid, m.gid, m.uname, m.mode) for m in found} == {(STATE.date, 0, 0, "", 0o644)}


def test_the_same_bytes(bundle: Path, tmp_path: Path, store: Path) -> None:
    write(LOCK, store, tmp_path / "again.tar", silent)
    assert (tmp_path / "again.tar").read_bytes() == bundle.read_bytes()


def test_each_package_once(store: Path) -> None:
    lock = Lock("mine", REQUEST, (STATE,), (package("one"),), {"amd64": (package("one"),)})
    assert packages(lock) == [package("one")]


def test_a_store_that_is_not_sound_makes_no_bundle(store: Path, tmp_path: Path) -> None:
    path = store / f"debs/{package('one').sha256}.deb"
    path.write_text("eno")
    with pytest.raises(NodebakeError) as caught:
        write(LOCK, store, tmp_path / "mine.tar", silent)
    assert caught.value.render().splitlines() == [
        "error: `one` in the store is not what the lock names",
        f"  {path}",
        "hint: nodebake store verify --repair",
    ]
    assert [child.name for child in tmp_path.iterdir()] == ["store"]


def _put(content: Content, at: int, name: str, raw: bytes) -> Content:
    return [*content[:at], (name, raw), *content[at + 1 :]]


@pytest.mark.parametrize(
    ("spoil", "fact"),
    [
        (lambda c: c[1:], "there is no `bundle.json` where it belongs"),
        (lambda c: [c[0], *c[2:]], "there is no `lock` where it belongs"),
        (lambda c: _put(c, 0, "bundle.json", b"{}"), "its `bundle.json` cannot be read"),
        (lambda c: _put(c, 0, "bundle.json", b"[1]"), "its `bundle.json` cannot be read"),
        (lambda c: _put(c, 1, "lock", b"\xff"), "its `lock` is not UTF-8"),
        (lambda c: _put(c, 1, "lock", b"{"), "lock `lock` cannot be read"),
        (lambda c: c[:-1], "it lacks 1 of its files: "),
        (lambda c: [*c, ("debs/../../x", b"x")], "`debs/../../x` does not belong in it"),
        (lambda c: [*c, c[-1]], "does not belong in it"),
        (lambda c: _put(c, 2, c[2][0], c[2][1] + b"x"), "does not belong in it"),
        (lambda c: _put(c, 2, c[2][0], b"x" * len(c[2][1])), "1.0 is not what its lock names"),
        (
            lambda c: _put(c, len(c) - 1, c[-1][0], b"x" * len(c[-1][1])),
            "`docker.io/library/x:1` sha256:111111111111 is not what its lock names",
        ),
        (lambda c: _put(c, 1, "lock", dump(_wrong_blob()).encode()), "something else than a sha256"),
        (
            lambda c: _put(c, 1, "lock", dump(_wrong_name()).encode()),
            "its lock names a file by something else than a sha256",
        ),
    ],
)
def test_of_a_damaged_one_nothing_is_kept(
    spoil: Callable[[Content], Content], fact: str, bundle: Path, empty: Path
) -> None:
    with tarfile.open(bundle) as tar:
        content = [(m.name, stream.read()) for m in tar if (stream := tar.extractfile(m))]
    with tarfile.open(bundle, "w") as tar:
        for name, raw in spoil(content):
            member = tarfile.TarInfo(name)
            member.size = len(raw)
            tar.addfile(member, io.BytesIO(raw))
    assert fact in refused(bundle, empty).facts[0]


def test_a_link_in_a_packages_place(bundle: Path, empty: Path, tmp_path: Path) -> None:
    with tarfile.open(bundle) as tar:
        opening = [(m.name, stream.read()) for m in tar.getmembers()[:2] if (stream := tar.extractfile(m))]
    with tarfile.open(bundle, "w") as tar:
        for name, raw in opening:
            member = tarfile.TarInfo(name)
            member.size = len(raw)
            tar.addfile(member, io.BytesIO(raw))
        link = tarfile.TarInfo(f"debs/{package('one').sha256}.deb")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    assert refused(bundle, empty).facts[0].endswith("does not belong in it")


def test_one_that_was_cut_off(bundle: Path, empty: Path) -> None:
    bundle.write_bytes(bundle.read_bytes()[:3000])
    refused(bundle, empty)


def test_what_is_no_bundle(bundle: Path, empty: Path) -> None:
    bundle.write_text("hello")
    error = refused(bundle, empty)
    assert error.message == f"bundle `{bundle}` is damaged"
    assert error.facts[-1] == "nothing of it was kept"
    assert error.hint == "copy it again, or make it again with `nodebake store export`"


def test_another_format(bundle: Path, empty: Path) -> None:
    raw = json.dumps({"format": 2}).encode()
    member = tarfile.TarInfo("bundle.json")
    member.size = len(raw)
    with tarfile.open(bundle, "w") as tar:
        tar.addfile(member, io.BytesIO(raw))
    assert refused(bundle, empty).render() == (
        f"error: bundle `{bundle}` has format 2, this nodebake reads format 1\n"
        "hint: use the nodebake that wrote it"
    )


def refused(bundle: Path, folder: Path) -> NodebakeError:
    with pytest.raises(NodebakeError) as caught:
        read(bundle, folder, silent)
    assert kept(folder) == {}
    return caught.value


def _wrong_name() -> Lock:
    return Lock("mine", REQUEST, (STATE,), (locked("one", sha256="../../x"),), {})


def _wrong_blob() -> Lock:
    return replace(LOCK, images=(replace(IMAGE, config=Blob("../../x", 1)),))
