# SPDX-License-Identifier: Apache-2.0
"""A real image, looked at with tools that did not make it."""

from __future__ import annotations

import json
import os
import re
import shutil
import time
from pathlib import Path

import pytest

from builder.errors import NodebakeError
from builder.image.assemble import assemble
from builder.image.identity import derive
from builder.image.layout import MIB, Layout, lay_out
from builder.release import bmap
from builder.release.scan import scan
from tests.needs import needs_tool
from tests.tools.image_tools import (
    EPOCH,
    HostTools,
    listing,
    mke2fs_is_reproducible,
    output,
    read_all,
    umask,
    write_boot,
    write_tree,
)

pytestmark = [
    pytest.mark.tools,
    needs_tool("mkfs.fat", "mcopy", "sfdisk", "fsck.fat", "e2fsck", "debugfs"),
]
IDENTITY = derive("ab" * 32)
FREE = 20 * MIB


def _make(
    folder: Path, name: str, *, backwards: bool = False, mask: int = 0o022, **environment: str
) -> tuple[Path, Layout]:
    # An mke2fs before 1.47.2 can only repeat itself on the very same tree.
    tree = folder / (f"{name}-tree" if mke2fs_is_reproducible() else "tree")
    boot = folder / f"{name}-boot"
    boot.mkdir()
    write_boot(boot)
    if not tree.exists():
        tree.mkdir()
        write_tree(tree, backwards=backwards)
        read_all(tree)
    entries = [*listing(tree), *listing(boot, "boot/firmware/")]
    layout = lay_out(entries, boot_size=64 * MIB, free=FREE)
    image = folder / f"{name}.img"
    tools = HostTools(**environment)
    with umask(mask):
        assemble(image, tree, boot, layout=layout, identity=IDENTITY, epoch=EPOCH, tools=tools)
    return image, layout


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Layout]:
    return _make(tmp_path_factory.mktemp("image"), "one")


@pytest.fixture(scope="module")
def root(made: tuple[Path, Layout]) -> Path:
    """The root partition as a file of its own."""
    image, layout = made
    part = image.with_suffix(".root")
    with image.open("rb") as source, part.open("wb") as target:
        source.seek(layout.root.start)
        shutil.copyfileobj(source, target)
    return part


def _debugfs(root: Path, request: str) -> str:
    return output(["debugfs", "-R", request, str(root)])


def test_the_table(made: tuple[Path, Layout]) -> None:
    image, layout = made
    table = json.loads(output(["sfdisk", "-J", str(image)]))["partitiontable"]
    assert (table["label"], table["id"]) == ("dos", f"0x{IDENTITY.disk_id:08x}")
    assert [(p["start"] * 512, p["size"] * 512, p["type"]) for p in table["partitions"]] == [
        (layout.boot.start, layout.boot.size, "c"),
        (layout.root.start, layout.root.size, "83"),
    ]


def test_the_boot_file_system(made: tuple[Path, Layout], tmp_path: Path) -> None:
    image, layout = made
    part = tmp_path / "boot"
    part.write_bytes(image.read_bytes()[layout.boot.start : layout.boot.end])
    assert "456 files" in output(["fsck.fat", "-n", str(part)])
    names = output(["mdir", "-b", "-/", "-i", str(part), "::/"])
    assert "::/a long name.txt" in names
    assert "::/overlays/deep/Mixed.Case" in names
    assert names.count(".dtbo") == 450
    assert output(["mtype", "-i", str(part), "::/overlays/overlay-449.dtbo"]) == "449"
    assert f"{IDENTITY.boot_uuid}" in output(["mdir", "-i", str(part), "::/"])
    assert "2025-10-08   8:53" in output(["mdir", "-i", str(part), "::/kernel8.img"])


def test_the_root_file_system_is_sound(root: Path) -> None:
    output(["e2fsck", "-fn", str(root)])
    header = output(["dumpe2fs", "-h", str(root)])
    assert re.search(rf"UUID: +{IDENTITY.root_uuid}", header)
    assert re.search(rf"Hash Seed: +{IDENTITY.hash_seed}", header)
    assert "64bit" not in header
    assert "huge_file" not in header


def test_the_room_that_was_asked_for_is_free(root: Path) -> None:
    header = output(["dumpe2fs", "-h", str(root)])
    free, reserved = (
        int(re.findall(rf"{name}: +(\d+)", header)[0]) for name in ("Free blocks", "Reserved block count")
    )
    assert FREE <= (free - reserved) * 4096 <= FREE + 12 * MIB


def test_files_are_what_they_were(root: Path) -> None:
    assert "file 007" in _debugfs(root, "ls -l /d0")
    assert _debugfs(root, 'cat "/d0/file 007"').endswith("d0/file 007" * 50)
    assert re.search(r"Mode: +04755", _debugfs(root, "stat /setuid"))
    assert re.search(r"Links: 2 ", _debugfs(root, "stat /big"))
    assert "Type: FIFO" in _debugfs(root, "stat /fifo")
    assert f'Fast link dest: "{"big"}"' in _debugfs(root, "stat /short")
    assert 'user.note (4) = "kept"' in _debugfs(root, "stat /big")
    assert "lost+found" in _debugfs(root, "ls /")
    assert re.search(r"User: +0 +Group: +0", _debugfs(root, "stat <2>"))


def test_devices_and_owners(root: Path) -> None:
    if os.geteuid() == 0:  # others cannot make them
        assert "Device major/minor number: 01:03" in _debugfs(root, "stat /null")
        assert re.search(r"User: +7 +Group: +42", _debugfs(root, "stat /setuid"))
    else:
        assert re.search(rf"User: +{os.geteuid()} ", _debugfs(root, "stat /setuid"))


def test_another_day_umask_and_reading_order_make_the_same_bytes(
    made: tuple[Path, Layout],
) -> None:
    # FAT counts in steps of two seconds.
    time.sleep(2.1)
    other, layout = _make(
        made[0].parent, "two", backwards=True, mask=0o077, LANG="de_DE.UTF-8", USER="other", TMPDIR="/var/tmp"
    )
    assert layout == made[1]
    found, expected = scan(other), scan(made[0])
    assert found.index.differing(expected.index) == []
    assert found == expected


def test_an_image_that_exists_is_left_alone(made: tuple[Path, Layout], tmp_path: Path) -> None:
    image, layout = made
    with pytest.raises(FileExistsError):
        assemble(image, tmp_path, tmp_path, layout=layout, identity=IDENTITY, epoch=EPOCH, tools=HostTools())


def test_what_does_not_fit_fails(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "boot").mkdir()
    (tmp_path / "tree" / "big").write_bytes(b"x" * (40 * MIB))
    layout = lay_out([], boot_size=64 * MIB, free=0)
    with pytest.raises((AssertionError, NodebakeError)):
        assemble(
            tmp_path / "image",
            tmp_path / "tree",
            tmp_path / "boot",
            layout=layout,
            identity=IDENTITY,
            epoch=EPOCH,
            tools=HostTools(),
        )


@needs_tool("bmaptool")
def test_bmaptool_copies_by_our_map(made: tuple[Path, Layout], tmp_path: Path) -> None:
    image, _ = made
    found = scan(image)
    (tmp_path / "image.bmap").write_text(bmap.dump(found.bmap), encoding="ascii")
    copy = tmp_path / "copy.img"
    output(["bmaptool", "copy", "--bmap", str(tmp_path / "image.bmap"), str(image), str(copy)])
    os.truncate(copy, found.size)
    assert scan(copy) == found
