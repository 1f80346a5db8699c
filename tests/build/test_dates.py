# SPDX-License-Identifier: Apache-2.0
"""No date in an image is later than the epoch, wherever dates stand."""

from __future__ import annotations

import os
import struct
import time
from pathlib import Path

import pytest

from builder.release import manifest
from builder.tree.entry import Kind
from tests.build import dates
from tests.build.conftest import Apart, say
from tests.needs import needs_tool

pytestmark = [
    pytest.mark.build,
    needs_tool("sfdisk", "debugfs", "dumpe2fs", "mke2fs", "mkfs.fat", "mcopy", "mtype", "zstd"),
]

# A node's clock may be a day ahead of UTC's, and so may a program that writes local time.
_AHEAD = 86400


@pytest.fixture(scope="module")
def release(docker_sdcard: Apart) -> manifest.Manifest:
    return manifest.parse(Path(docker_sdcard.answer["manifest"]).read_text())


@pytest.fixture(scope="module")
def generated(docker_sdcard: Apart, release: manifest.Manifest) -> list[str]:
    """The files that no package brought as they are: what maintainer scripts and the build wrote."""
    root = docker_sdcard.root
    packaged = {
        line.split(maxsplit=1)[1]
        for sums in (root / "var/lib/dpkg/info").glob("*.md5sums")
        for line in sums.read_text(errors="surrogateescape").splitlines()
    }
    files = {file.path for file in release.files if file.type == Kind.FILE}
    # On the boot partition: the kernel's and the firmware's files once more, and two texts that are below.
    files = {path for path in files if not path.startswith("boot/firmware/")}
    # Packages name a path without usr/ that is a link to the one with it.
    return sorted(p for p in files if p not in packaged and p.removeprefix("usr/") not in packaged)


def test_no_path_of_the_tree_is_newer(release: manifest.Manifest) -> None:
    assert [file.path for file in release.files if file.mtime > release.epoch] == []
    assert max(file.mtime for file in release.files) == release.epoch


def test_no_time_of_the_ext4_is_newer(docker_sdcard: Apart, release: manifest.Manifest) -> None:
    head = say(["dumpe2fs", "-h", docker_sdcard.filesystem])
    count = int(next(line.split(":")[1] for line in head.splitlines() if line.startswith("Inode count")))
    found = list(dates.of_inodes(docker_sdcard.filesystem, count))
    assert len(found) >= 4 * len(release.files)
    found += dates.of_superblock(docker_sdcard.filesystem)
    assert "Filesystem created" in dict(found)
    assert [each for each in found if each[1] > release.epoch] == []


def test_no_time_of_the_fat_is_newer(docker_sdcard: Apart, release: manifest.Manifest) -> None:
    with docker_sdcard.image.open("rb") as image:
        found = list(dates.of_fat(image, docker_sdcard.boot_offset))
    boot = [file for file in release.files if file.path.startswith("boot/firmware/")]
    assert len(found) >= 3 * len(boot)
    assert [each for each in found if each[1] > release.epoch] == []


def test_no_time_in_the_initramfs_is_newer(docker_sdcard: Apart, release: manifest.Manifest) -> None:
    (initramfs,) = (docker_sdcard.root / "boot").glob("initrd.img-*")
    found = list(dates.of_initramfs(initramfs.read_bytes()))
    assert len(found) > 100
    assert "initramfs: init" in dict(found)
    assert [each for each in found if each[1] > release.epoch] == []


def test_no_password_was_set_later(docker_sdcard: Apart, release: manifest.Manifest) -> None:
    rows = [line.split(":") for line in (docker_sdcard.root / "etc/shadow").read_text().splitlines()]
    days = {row[0]: row[2] for row in rows if row[2]}
    # Nobody has one here, so there is no day on which it was set.
    assert all(row[2] == "" for row in rows if row[1].startswith(("!", "*")))
    assert [name for name, day in days.items() if int(day) > release.epoch // 86400] == []


def test_no_later_date_stands_in_a_file_that_was_made(
    docker_sdcard: Apart, release: manifest.Manifest, generated: list[str]
) -> None:
    # Databases, caches and lists that something wrote here and not in a package's build.
    assert {"etc/passwd", "etc/ld.so.cache", "usr/lib/udev/hwdb.bin", "var/lib/dpkg/status"} <= set(generated)
    until = int(time.time()) + _AHEAD
    # The initramfs is compressed: a test of its own looks into it.
    paths = [path for path in generated if not path.startswith("boot/initrd.img-")]
    contents = {path: (docker_sdcard.root / path).read_bytes() for path in paths}
    boot = f"{docker_sdcard.image}@@{docker_sdcard.boot_offset}"
    for name in ("config.txt", "cmdline.txt"):
        contents[name] = say(["mtype", "-i", boot, f"::/{name}"], MTOOLS_SKIP_CHECK="1").encode()
    found = [
        f"{path}: {date}"
        for path, data in contents.items()
        for date in dates.written_out(data, release.epoch, until)
    ]
    assert found == []


def test_no_log_of_the_build_is_left(generated: list[str]) -> None:
    logs = ("var/log/dpkg.log", "var/log/alternatives.log", "var/log/apt", "var/log/bootstrap.log")
    assert [path for path in generated if path.startswith(logs)] == []


@pytest.mark.parametrize(
    "data",
    [
        b"# made on 2026-11-25 by hand",
        b"Wed Nov 25 12:00:00",
        b"{1795600000}",
        b"x:1795600000123456\n",
        b"nodebake" + struct.pack("<Q", 1795600000),
        b"nodebake" + struct.pack(">Q", 1795600000 * 10**6),
    ],
)
def test_a_date_is_found_in_any_dress(data: bytes) -> None:
    assert list(dates.written_out(data, 1795432958, 1795650000))
    assert not list(dates.written_out(data, 1795650000, 1795660000))


def test_a_late_date_is_seen_in_each_place(tmp_path: Path) -> None:
    late = 4102444800  # 2100, which takes more than 32 bits of a signed number
    folder = tmp_path / "tree"
    folder.mkdir()
    (folder / "late").write_text("late\n")
    os.utime(folder / "late", (late, late))
    ext4 = tmp_path / "ext4"
    say(["mke2fs", "-q", "-t", "ext4", "-d", folder, ext4, "8M"])
    assert late in dict(dates.of_inodes(ext4, 16)).values()
    began = time.time()
    assert abs(dict(dates.of_superblock(ext4))["Filesystem created"] - began) < 600
    fat = tmp_path / "fat"
    say(["mkfs.fat", "-F", "32", "-C", fat, "65536"])
    say(["mcopy", "-m", "-i", fat, folder / "late", "::/"], MTOOLS_SKIP_CHECK="1", TZ="UTC")
    with fat.open("rb") as image:
        assert late in dict(dates.of_fat(image, 0)).values()
    members = (("late", late), ("TRAILER!!!", 0))
    archive = b"".join(_member(name, when) for name, when in members)
    assert dict(dates.of_initramfs(archive))["initramfs: late"] == late


def _member(name: str, mtime: int) -> bytes:
    """An empty member of a cpio archive."""
    fields = [0, 0o100644, 0, 0, 1, mtime, 0, 0, 0, 0, 0, len(name) + 1, 0]
    raw = b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0"
    return raw + bytes(-len(raw) % 4)
