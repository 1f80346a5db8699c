# SPDX-License-Identifier: Apache-2.0
"""What is compared with what: requests, locks, files, commands."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from builder.image.ext4.geometry import Geometry
from builder.image.layout import lay_out
from builder.release.manifest import File
from tests.unit.lock.samples import REQUEST, STATE, lock, locked
from tests.unit.release.samples import MANIFEST
from tools.bench import genimage, mmdebstrap
from tools.bench.rows.again import built
from tools.bench.rows.roots import KERNEL, on_amd64, without
from tools.bench.rows.update import before, by_partition, changed_files

ASKED = replace(REQUEST, packages=("apt", "initramfs-tools", "linux-image-arm64", "raspi-firmware"))


def test_a_root_without_a_kernel_asks_for_nothing_that_makes_it_bootable() -> None:
    assert without(ASKED, KERNEL).packages == ("apt",)


def test_the_native_peer_gets_the_same_names_as_its_architecture_has_them() -> None:
    asked = on_amd64(ASKED)
    assert asked.packages == ("apt", "initramfs-tools", "linux-image-amd64")
    assert asked.architecture == "amd64"


def test_the_older_release_has_the_older_packages_and_the_older_date() -> None:
    updates = replace(STATE, archive="debian-security", suite="trixie-security", date=STATE.date + 100)
    newer = replace(lock(locked("a", "2"), locked("b", "2"), locked("only-new")), archives=(STATE, updates))
    older = before(newer, lock(locked("a", "1"), locked("b", "2"), locked("linux-image-arm64", "1")))
    assert [(p.name, p.version) for p in older.packages] == [("a", "1"), ("b", "2"), ("only-new", "1.0")]
    assert (older.epoch, newer.epoch) == (STATE.date, STATE.date + 100)
    assert older.request == newer.request


def test_the_kernel_is_no_small_update() -> None:
    newer = lock(locked("linux-image-arm64", "2"))
    assert before(newer, lock(locked("linux-image-arm64", "1"))).packages == newer.packages


def test_changed_files_are_those_of_other_content_and_hard_links_count_once() -> None:
    def file(path: str, size: int, sha256: str, links: str = "", mode: str = "0644") -> File:
        return File(path, "f", mode, 0, 0, 9, size, sha256, links=links)

    first = [file("same", 1, "aa"), file("moded", 2, "bb"), file("other", 3, "cc"), file("gone", 4, "dd")]
    second = [
        file("same", 1, "aa"),
        file("moded", 2, "bb", mode="0755"),
        file("other", 30, "ee"),
        file("new", 40, "ff", links="new"),
        file("new2", 40, "ff", links="new"),
        File("folder", "d", "0755", 0, 0, 9),
    ]
    releases = (replace(MANIFEST, files=tuple(files)) for files in (first, second))
    assert changed_files(*releases) == {"other": 30, "new": 40}


def test_changed_blocks_are_told_by_partition() -> None:
    # The first partition starts at 8 MiB, which is block 128, and ends with block 4223.
    assert by_partition([0, 128, 4223, 4224], MANIFEST.image) == {"bootfs": 0.13, "none": 0.13}


def test_what_was_built_again_is_read_off_the_events() -> None:
    events = [
        {"event": "say", "text": "hello"},
        {"event": "step-started", "label": "files  3 files"},
        {"event": "step-done", "label": "packages", "cached": True},
        {"event": "step-done", "label": "files", "cached": False},
        {"event": "step-done", "label": "image", "cached": False},
    ]
    text = "a line of something else\n" + "".join(f"{json.dumps(event)}\n" for event in events)
    assert built(text) == ["files", "image"]


def test_mmdebstrap_gets_exact_versions_and_one_local_repository() -> None:
    argv = mmdebstrap.command(Path("/tree"), Path("/room"), "arm64", ["a=1", "b=2"])
    assert argv[-3:] == ["", "/tree", "deb [trusted=yes] copy:///room ./"]
    assert {"--include=a=1,b=2", "--architectures=arm64", "--variant=essential"} <= set(argv)


def test_genimage_gets_the_partitions_of_our_layout() -> None:
    layout = lay_out(256 << 20, Geometry(9, 8192))
    text = genimage.one_tree(layout)
    for partition in layout.partitions:
        assert f"offset = {partition.start} " in text
        assert f"  size = {partition.size}\n" in text
    assert 'mountpoint = "/boot/firmware"' in text
    assert 'srcpath = "/b"' in genimage.two_trees(layout, Path("/b"), Path("/r"))
