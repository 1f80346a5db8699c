# SPDX-License-Identifier: Apache-2.0
"""`nodebake store …`: what it says of a store, and what it refuses before it starts anything."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from builder.cli.main import main
from builder.cli.store.export import default_name
from builder.host.identity import IdMap
from builder.lock.file import dump
from builder.lock.lock import Blob, Lock, LockedImage
from builder.store.store import Store
from tests.unit.lock.samples import REQUEST, STATE, locked
from tests.unit.store.samples import put

LOCK = Lock("../mine", REQUEST, (STATE,), (locked("a", sha256=hashlib.sha256(b"a").hexdigest(), size=1),), {})


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setenv("NODEBAKE_STORE", str(tmp_path / "store"))
    ids = IdMap(((0, os.geteuid(), 1),), ((0, os.getegid(), 1),))
    monkeypatch.setattr("builder.build.workshop.id_map", lambda: ids)
    monkeypatch.chdir(tmp_path)
    store = Store.open(tmp_path / "store", os.geteuid())
    put(store, "a" * 64, {"etc/one": "x" * 9000}, used=86400)
    put(store, "b" * 64, {}, "a" * 64, used=172800)
    store.plan("mine").write_text(json.dumps({"steps": {"files 0": {"id": "a" * 64}}}))
    (store.debs / f"{LOCK.packages[0].sha256}.deb").write_text("a")
    return store


def test_ls(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["store", "ls"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line[:24] for line in lines[:2]] == ["bbbbbbbbbbbb  files     ", "aaaaaaaaaaaa  files     "]
    assert (lines[0][-1], lines[1][-4:]) == ("-", "mine")
    assert lines[2:] == ["2 objects, 24.6 kB", "1 .deb, 1 B"]


def test_ls_for_programs(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["store", "ls", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [(each["size"], each["used"], each["recipes"]) for each in told["objects"]] == [
        (4096, 172800.0, []),
        (20480, 86400.0, ["mine"]),
    ]
    assert told["debs"] == {"count": 1, "size": 1}


def test_gc_that_is_only_tried(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["store", "gc", "--dry-run"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("bbbbbbbbbbbb ")
    assert lines[1:] == ["would remove 1 object and 0 .debs, 4.1 kB"]
    assert store.has("b" * 64)


def test_gc_with_a_limit_that_is_none(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["store", "gc", "--limit", "much"]) == 2
    assert capsys.readouterr().err == "error: `--limit much` is no size\nhint: for instance `--limit 20G`\n"


def test_export_and_import(store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.lock").write_text(dump(LOCK))
    assert main(["store", "export", "mine.lock"]) == 0
    assert capsys.readouterr() == ("mine-20260912.bundle.tar\n", "")
    (store.debs / f"{LOCK.packages[0].sha256}.deb").unlink()
    assert main(["store", "import", "mine-20260912.bundle.tar"]) == 0
    assert capsys.readouterr() == ("", "1 package of `../mine` in the store, each as the lock names it\n")
    assert (store.debs / f"{LOCK.packages[0].sha256}.deb").read_text() == "a"


LAYER = Blob(hashlib.sha256(b"a layer").hexdigest(), 7)


def test_images_go_where_their_packages_go(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image = LockedImage("docker.io/library/x:1", "linux/arm64", "1" * 64, LAYER, (LAYER,))
    (tmp_path / "mine.lock").write_text(dump(replace(LOCK, images=(image,))))
    store.blob(LAYER.sha256).write_bytes(b"a layer")
    os.utime(store.blob(LAYER.sha256), (1, 1))
    assert main(["store", "export", "mine.lock", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["images"] == 1
    assert main(["store", "ls"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "1 image blob, 7 B"
    assert main(["store", "gc", "--dry-run", "--limit", "24577"]) == 0
    assert capsys.readouterr().out == "would remove 0 objects, 0 .debs and 1 image blob, 7 B\n"
    store.blob(LAYER.sha256).unlink()
    assert main(["store", "import", "mine-20260912.bundle.tar"]) == 0
    said = "1 package and 1 image of `../mine` in the store, each as the lock names it\n"
    assert capsys.readouterr() == ("", said)
    assert store.blob(LAYER.sha256).read_bytes() == b"a layer"


def test_a_lock_cannot_lead_elsewhere() -> None:
    assert default_name(LOCK) == "mine-20260912.bundle.tar"


def test_export_of_no_lock(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["store", "export", "other"]) == 2
    assert capsys.readouterr().err == (
        "error: `other` is no lock file, and no recipe that was locked here\n"
        "hint: `nodebake lock RECIPE` makes one\n"
    )


def test_import_of_nothing(store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["store", "import", "x.tar"]) == 2
    assert capsys.readouterr().err == (
        "error: there is no bundle `x.tar`\nhint: `nodebake store export` makes one\n"
    )
