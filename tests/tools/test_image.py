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

from builder.build.delta import scan as scan_tree
from builder.errors import RecipeError
from builder.image.assemble import assemble
from builder.image.fat32.find import place_of
from builder.image.identity import derive
from builder.image.layout import MIB, Layout, layout_of
from builder.image.placement import Placement
from builder.release import bmap
from builder.release.scan import scan
from builder.tree.sourced import Sourced, sourced
from tests.needs import needs_tool
from tests.tools.image_tools import EPOCH, HostTools, output, tree_of, umask, write_boot, write_tree

pytestmark = [
    pytest.mark.tools,
    needs_tool("mke2fs", "sfdisk", "fsck.fat", "mdir", "e2fsck", "debugfs"),
]
IDENTITY = derive("ab" * 32)
FREE = 20 * MIB


def make(
    image: Path, tree: list[Sourced], former: Placement | None = None, *, free: int = FREE, **environment: str
) -> Placement:
    """The image of a tree as the tests make it."""
    return assemble(
        image,
        tree,
        boot_size=64 * MIB,
        free=free,
        identity=IDENTITY,
        former=former,
        epoch=EPOCH,
        tools=HostTools(**environment),
        jobs=2,
    )


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of all that is odd."""
    return _tree(tmp_path_factory.mktemp("tree"))


def _tree(folder: Path, *, backwards: bool = False) -> Path:
    folder.chmod(0o755)
    write_tree(folder, backwards=backwards)
    boot = folder / "boot" / "firmware"
    boot.mkdir(parents=True)
    write_boot(boot)
    for path in (boot, boot.parent, folder):
        os.utime(path, (EPOCH, EPOCH))
    return folder


@pytest.fixture(scope="module")
def made(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Layout]:
    image = tmp_path_factory.mktemp("image") / "one.img"
    return image, layout_of(make(image, tree_of(tree)))


@pytest.fixture(scope="module")
def root(made: tuple[Path, Layout]) -> Path:
    """The root partition as a file of its own."""
    image, layout = made
    part = image.with_suffix(".root")
    with image.open("rb") as source, part.open("wb") as target:
        source.seek(layout.root.start)
        shutil.copyfileobj(source, target)
    return part


@pytest.fixture(scope="module")
def boot(made: tuple[Path, Layout]) -> Path:
    """The boot partition as a file of its own."""
    image, layout = made
    part = image.with_suffix(".boot")
    with image.open("rb") as source:
        source.seek(layout.boot.start)
        part.write_bytes(source.read(layout.boot.size))
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


def test_every_byte_of_the_table(made: tuple[Path, Layout]) -> None:
    # It comes from this machine's libparted, and is to be the same with any.
    with made[0].open("rb") as file:
        sector = file.read(512)
    # Active, from and to in cylinders, type, the first sector, how many.
    boot = "80 000180 0c 03e0ff 00400000 00000200"
    root = "00 03e0ff 83 03e0ff 00400200 00000400"
    identity = IDENTITY.disk_id.to_bytes(4, "little").hex()
    assert sector.hex() == f"{'00' * 440}{identity}0000{boot}{root}{'00' * 32}55aa".replace(" ", "")


def test_the_boot_file_system(boot: Path) -> None:
    checked = output(["fsck.fat", "-n", "-v", str(boot)])
    assert "456 files" in checked
    # Its two copies of boot sector and table are the same, its free clusters are counted right.
    assert not re.search(r"differ|wrong|Free cluster|dirty|Dirty", checked), checked
    names = output(["mdir", "-b", "-/", "-i", str(boot), "::/"])
    assert "::/a long name.txt" in names
    assert "::/overlays/deep/Mixed.Case" in names
    assert names.count(".dtbo") == 450
    assert output(["mtype", "-i", str(boot), "::/overlays/overlay-449.dtbo"]) == "449"
    assert f"{IDENTITY.boot_uuid}" in output(["mdir", "-i", str(boot), "::/"])
    assert "2025-10-08   8:53" in output(["mdir", "-i", str(boot), "::/kernel8.img"])


def test_the_boot_rom_finds_files_by_their_short_names(boot: Path) -> None:
    # Only names that are short but for their case: the ROM of a Pi knows no long ones.
    assert output(["mtype", "-i", str(boot), "::/KERNEL8.IMG"]).startswith("kernel")
    # One slot holds it, with a mark of its case.
    assert "kernel8  img" in output(["mdir", "-i", str(boot), "::/"])


def test_a_name_of_the_boot_folder_is_found_and_can_be_another(made: tuple[Path, Layout], boot: Path) -> None:
    image, layout = made
    place = place_of(image, layout.boot.start, b"KERNEL8 IMG")
    assert place > layout.boot.start
    assert place_of(image, layout.boot.start, b"NOSUCH  IMG") == 0
    renamed = boot.with_name("renamed")
    shutil.copyfile(boot, renamed)
    with renamed.open("r+b") as file:
        file.seek(place - layout.boot.start)
        file.write(b"KERNEL8 HLD")
    assert output(["mtype", "-i", str(renamed), "::/KERNEL8.HLD"]).startswith("kernel")
    assert "kernel8.img" not in output(["mdir", "-b", "-i", str(renamed), "::/"])
    # Nothing is left of its name: a check of such a card finds nothing to mend.
    assert "long file name" not in output(["fsck.fat", "-n", str(renamed)])


def test_the_root_file_system_is_sound(root: Path) -> None:
    output(["e2fsck", "-fn", str(root)])
    header = output(["dumpe2fs", "-h", str(root)])
    assert re.search(rf"UUID: +{IDENTITY.root_uuid}", header)
    assert re.search(rf"Hash Seed: +{IDENTITY.hash_seed}", header)
    assert "64bit" not in header
    assert "huge_file" not in header


def test_it_can_be_mended_by_a_copy_of_its_superblock(tree: Path, tmp_path: Path) -> None:
    layout = layout_of(make(tmp_path / "x.img", tree_of(tree), free=200 * MIB))
    assert layout.ext4.groups > 1
    root = part(tmp_path / "x.img", layout)
    with root.open("r+b") as file:
        file.write(bytes(8192))
    # 1: corrected. Copies are as old as the file system, here as with a mounted one.
    output(["sh", "-c", f"e2fsck -fy -b 32768 '{root}' || test $? = 1"])
    output(["e2fsck", "-fn", str(root)])
    assert _debugfs(root, 'cat "/d0/file 007"').endswith("d0/file 007" * 50)


def test_the_room_that_was_asked_for_is_free(root: Path) -> None:
    header = output(["dumpe2fs", "-h", str(root)])
    free, reserved = (
        int(re.findall(rf"{name}: +(\d+)", header)[0]) for name in ("Free blocks", "Reserved block count")
    )
    # There are whole groups only, of 128 MiB.
    assert FREE <= (free - reserved) * 4096 <= FREE + 128 * MIB


def test_files_are_what_they_were(root: Path) -> None:
    assert "file 007" in _debugfs(root, "ls -l /d0")
    assert _debugfs(root, 'cat "/d0/file 007"').endswith("d0/file 007" * 50)
    assert re.search(r"Mode: +04755", _debugfs(root, "stat /setuid"))
    assert re.search(r"Links: 2 ", _debugfs(root, "stat /big"))
    assert "Type: FIFO" in _debugfs(root, "stat /fifo")
    assert f'Fast link dest: "{"big"}"' in _debugfs(root, "stat /short")
    assert 'user.note (4) = "kept"' in _debugfs(root, "stat /big")
    assert "lost+found" in _debugfs(root, "ls /")
    assert re.search(r"User: +0 +Group: +0", _debugfs(root, "stat <11>"))


def test_all_of_it_can_be_read_back(tree: Path, root: Path, tmp_path: Path) -> None:
    output(["debugfs", "-R", f"rdump / {tmp_path}", str(root)])
    shutil.rmtree(tmp_path / "lost+found")
    shutil.rmtree(tree_copy := tmp_path.with_name("tree-copy"), ignore_errors=True)
    shutil.copytree(tree, tree_copy, symlinks=True, ignore=lambda *_: ["firmware", "fifo", "null"])
    (tree_copy / "boot" / "firmware").mkdir()
    for name in ("fifo", "null"):
        (tmp_path / name).unlink(missing_ok=True)
    output(["diff", "--recursive", "--no-dereference", str(tree_copy), str(tmp_path)])


def test_devices_and_owners(root: Path) -> None:
    if os.geteuid() == 0:  # others cannot make them
        assert "Device major/minor number: 01:03" in _debugfs(root, "stat /null")
        assert re.search(r"User: +7 +Group: +42", _debugfs(root, "stat /setuid"))
    else:
        assert re.search(rf"User: +{os.geteuid()} ", _debugfs(root, "stat /setuid"))


def test_another_day_umask_and_reading_order_make_the_same_bytes(
    made: tuple[Path, Layout], tmp_path: Path
) -> None:
    # FAT counts in steps of two seconds.
    time.sleep(2.1)
    (tmp_path / "tree").mkdir()
    other = _tree(tmp_path / "tree", backwards=True)
    with umask(0o077):
        make(tmp_path / "two.img", tree_of(other), LANG="de_DE.UTF-8", USER="other", TMPDIR="/var/tmp")
    found, expected = scan(tmp_path / "two.img"), scan(made[0])
    assert found.index.differing(expected.index) == []
    assert found == expected


def test_an_image_that_exists_is_left_alone(made: tuple[Path, Layout], tree: Path) -> None:
    before = scan(made[0])
    with pytest.raises(FileExistsError):
        make(made[0], tree_of(tree))
    assert scan(made[0]) == before


def test_attributes_and_lists_that_do_not_fit_an_inode(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "much").write_text("m")
    os.setxattr(tmp_path / "tree" / "much", "user.long", b"v" * 2000)
    os.setxattr(tmp_path / "tree" / "much", "user.a", b"short")
    acl = "0200000001000600ffffffff020004004100000004000400ffffffff10000400ffffffff20000400ffffffff"
    os.setxattr(tmp_path / "tree" / "much", "system.posix_acl_access", bytes.fromhex(acl))
    root = _only_root(tmp_path)
    output(["e2fsck", "-fn", str(root)])
    assert "v" * 2000 in _debugfs(root, "ea_get /much user.long")
    shown = _debugfs(root, "ea_list /much")
    assert 'user.a (5) = "short"' in shown
    # As the disk has them: ids only with those that name somebody, here uid 65.
    assert "(28) = 01 00 00 00 01 00 06 00 02 00 04 00 41 00 00 00 04 00 04 00" in shown


def test_a_file_in_many_pieces(tmp_path: Path) -> None:
    """Every second block was free: the next release's large file goes into the holes."""
    folder = tmp_path / "tree"
    folder.mkdir()
    for number in range(4000):
        (folder / f"f{number}").write_bytes(bytes([number % 255 + 1]) * 4096)
    former = make(tmp_path / "former.img", tree_of(folder), free=0)
    for number in range(0, 4000, 2):
        (folder / f"f{number}").unlink()
    # What is free behind them is not enough for it in one piece.
    big = b"piece by piece. " * (24900 * 4096 // 16)
    (folder / "big").write_bytes(big)
    placement = make(tmp_path / "x.img", tree_of(folder), former, free=0)
    assert placement.groups == 1
    assert len(placement.files["big"].spans) > 340
    root = part(tmp_path / "x.img", layout_of(placement))
    output(["e2fsck", "-fn", str(root)])
    output(["debugfs", "-R", f"dump /big {tmp_path / 'read'}", str(root)])
    assert (tmp_path / "read").read_bytes() == big


def _only_root(tmp_path: Path) -> Path:
    layout = layout_of(make(tmp_path / "x.img", tree_of(tmp_path / "tree")))
    return part(tmp_path / "x.img", layout)


def part(image: Path, layout: Layout) -> Path:
    """The root partition of an image as a file of its own."""
    part = image.with_suffix(".root")
    with image.open("rb") as source, part.open("wb") as target:
        source.seek(layout.root.start)
        shutil.copyfileobj(source, target)
    return part


def test_a_boot_directory_that_does_not_fit_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    boot = tmp_path / "tree" / "boot" / "firmware"
    boot.mkdir(parents=True)
    (boot / "initrd").write_bytes(bytes(65 * MIB))
    with pytest.raises(RecipeError, match="the boot partition of 64 MiB is too small"):
        make(tmp_path / "x.img", sourced([(tmp_path / "tree", scan_tree(tmp_path / "tree", None, 1))]))
    assert not (tmp_path / "x.img").exists()


@needs_tool("bmaptool")
def test_bmaptool_copies_by_our_map(made: tuple[Path, Layout], tmp_path: Path) -> None:
    image, _ = made
    found = scan(image)
    (tmp_path / "image.bmap").write_text(bmap.dump(found.bmap), encoding="ascii")
    copy = tmp_path / "copy.img"
    output(["bmaptool", "copy", "--bmap", str(tmp_path / "image.bmap"), str(image), str(copy)])
    os.truncate(copy, found.size)
    assert scan(copy) == found
