# SPDX-License-Identifier: Apache-2.0
"""The boot tree: what a board fetches, by which name."""

from __future__ import annotations

import pytest

from builder.board import definition
from builder.errors import StepError
from builder.netboot.boot import BootTree, boot_tree
from builder.netboot.config_txt import read_as, variant
from builder.recipe.recipe import Board
from tests.unit.netboot.samples import file, folder

CONFIG = "arm_64bit=1\n[all]\nkernel=vmlinuz-6\n# why\ninitramfs initrd.img-6 followkernel\n[all]\n"
CMDLINE = " console=ttyS1,115200 console=tty0 root=/dev/nfs rw fsck.repair=yes net.ifnames=0  rootwait ro-x\n"
FIRMWARE = ("start", "start_cd", "start4", "start4cd", "fixup", "fixup_cd", "fixup4", "fixup4cd")
NAMES = (
    "bootcode.bin",
    *(f"{name}.{'elf' if name.startswith('start') else 'dat'}" for name in FIRMWARE),
    "config.txt",
    "cmdline.txt",
    "vmlinuz-6",
    "initrd.img-6",
    "bcm2837-rpi-3-b.dtb",
    "bcm2711-rpi-4-b.dtb",
    "overlays/README",
)


def made(*boards: str, config: str = CONFIG, without: str = "") -> BootTree:
    """The boot tree of a boot directory in which each file's hash begins with its name."""
    listing = [folder("boot/firmware"), folder("boot/firmware/overlays")]
    listing += [file(f"boot/firmware/{name}", name.replace(".", "")) for name in NAMES if name != without]
    named: list[tuple[Board, str]] = [(definition.load(name), definition.section(name)) for name in boards]
    return boot_tree(listing, config, CMDLINE, named, "1-a/")


def test_firmware_is_at_the_top_and_the_rest_below_the_prefix() -> None:
    files = made("pi3b").files
    assert files["bootcode.bin"] == "bootcode.bin"
    assert files["start4cd.elf"] == "start4cd.elf"
    assert files["1-a/vmlinuz-6"] == "vmlinuz-6"
    assert files["1-a/overlays/README"] == "overlays/README"
    assert not [path for path in files if path.endswith(("config.txt", "cmdline.txt"))]


def test_a_pair_of_firmware_is_named_by_its_content() -> None:
    tree = made("pi3b")
    assert tree.linked["start.elf"] == "start-startelf.elf"
    assert "bootcode.bin" not in tree.linked
    assert tree.config.splitlines()[1:4] == [
        "os_prefix=1-a/",
        "start_file=start-startelf.elf",
        "fixup_file=fixup-fixupdat.dat",
    ]
    assert tree.config.endswith(CONFIG)


def test_a_board_is_told_what_it_boots() -> None:
    (row,) = made("pi3b").boards
    assert (row.kernel, row.initramfs, row.memory) == ("vmlinuz-6", "initrd.img-6", 1024)
    assert row.device_trees == ("bcm2837-rpi-3-b.dtb",)
    assert (row.start, row.fixup) == ("start-startelf.elf", "fixup-fixupdat.dat")


def test_the_pair_of_a_boot_code_without_sections_comes_last() -> None:
    config = made("pi3b", "pi4").config
    assert config.splitlines()[2:9] == [
        "[pi4]",
        "start_file=start4-start4el.elf",
        "fixup_file=fixup4-fixup4da.dat",
        "[pi3]",
        "start_file=start-startelf.elf",
        "fixup_file=fixup-fixupdat.dat",
        "[all]",
    ]


def test_the_firmware_that_is_cut_down_is_chosen_by_its_memory() -> None:
    rows = made("pi3b", "pi4", config=f"{CONFIG}gpu_mem=16\n").boards
    assert [row.start.partition("-")[0] for row in rows] == ["start_cd", "start4cd"]
    assert variant({"gpu_mem": "16", "start_x": "1"}) == "x"
    assert variant({"start_debug": "1"}) == "db"


def test_words_that_find_a_root_are_not_every_nodes() -> None:
    assert made("pi3b").cmdline == (*("console=ttyS1,115200", "console=tty0", "net.ifnames=0", "ro-x"),)


@pytest.mark.parametrize(
    ("without", "fact"),
    [
        ("vmlinuz-6", "kernel: vmlinuz-6"),
        ("initrd.img-6", "initramfs: initrd.img-6"),
        ("bcm2837-rpi-3-b.dtb", "device tree: none"),
        ("fixup.dat", "start or fixup file"),
    ],
)
def test_a_board_that_would_not_find_something_is_refused(without: str, fact: str) -> None:
    with pytest.raises(StepError) as caught:
        made("pi3b", without=without)
    assert caught.value.message == "`pi3b` would not find what it boots"
    assert caught.value.facts == (fact,)


def test_a_config_without_a_kernel() -> None:
    with pytest.raises(StepError) as caught:
        made("pi3b", config="[pi4]\nkernel=vmlinuz-6\n")
    assert "kernel: config.txt names none" in caught.value.facts


def test_sections_are_read_as_the_board_reads_them() -> None:
    text = "a=0\n[pi3]\na=1\n[pi4]\na=2\n[pi3+]\na=3\n[all]\nb=4 # why\n[HDMI:0]\nb=5\n"
    assert read_as(text, "pi3") == {"a": "1", "b": "4"}
    assert read_as(text, "pi3+") == {"a": "3", "b": "4"}
    assert read_as(text, "pi2") == {"a": "0", "b": "4"}
