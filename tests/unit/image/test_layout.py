# SPDX-License-Identifier: Apache-2.0
import pytest

from builder.errors import RecipeError
from builder.image.ext4.geometry import GROUP, Geometry, fit, has_copy
from builder.image.fat32 import geometry as fat32
from builder.image.layout import MIB, check_boot, lay_out
from builder.tree.entry import Entry, Kind


def _file(path: str, size: int) -> Entry:
    return Entry(path, Kind.FILE, 0o644, 0, 0, 0, size=size)


def test_the_usual_card() -> None:
    layout = lay_out(512 * MIB, Geometry(10, 8192))
    assert (layout.boot.start, layout.boot.size) == (8 * MIB, 512 * MIB)
    assert (layout.root.start, layout.root.size) == (520 * MIB, 1280 * MIB)
    assert [p.type for p in layout.partitions] == [0x0C, 0x83]
    assert [p.label for p in layout.partitions] == ["bootfs", "rootfs"]


def test_a_boot_partition_that_is_too_small() -> None:
    layout = lay_out(256 * MIB, Geometry(1, 8192))
    with pytest.raises(RecipeError) as caught:
        check_boot([_file("boot/firmware/initrd", 300 * MIB)], layout)
    assert caught.value.render() == (
        "error: the boot partition of 256 MiB is too small\n"
        "  /boot/firmware holds 300.0 MiB\n"
        "hint: raise `boot_size` of the image output"
    )


def test_a_boot_partition_that_is_just_large_enough() -> None:
    layout = lay_out(256 * MIB, Geometry(1, 8192))
    room = (layout.fat32.clusters - 1) * layout.fat32.cluster
    check_boot([_file("boot/firmware/x", room)], layout)
    with pytest.raises(RecipeError):
        check_boot([_file("boot/firmware/x", room + 1)], layout)


def test_a_boot_partition_that_cannot_be_fat32() -> None:
    with pytest.raises(RecipeError, match="a boot partition of 16 MiB is too small for FAT32"):
        lay_out(16 * MIB, Geometry(1, 8192))


def test_an_image_that_no_mbr_can_hold() -> None:
    with pytest.raises(RecipeError, match="more than a partition table of a Pi can hold"):
        lay_out(64 * MIB, Geometry(16384, 8192))


def test_fat32_clusters_are_as_large_as_they_may_be() -> None:
    assert fat32.geometry(64 * MIB).cluster == 512
    assert fat32.geometry(512 * MIB).cluster == 4096
    assert fat32.geometry(512 * MIB).data % 8 == 0


def test_ext4_has_whole_groups_only_and_no_more_than_it_needs() -> None:
    one = fit(0, 0, 0, None)
    assert one.blocks == GROUP
    assert fit(one.room, 0, 0, None) == one
    assert fit(one.room + 1, 0, 0, None).groups == 2


def test_many_small_files_get_more_inodes_rather_than_more_room() -> None:
    assert fit(10_000, 10_000, 0, None) == Geometry(1, 16384)
    assert fit(15_000, 15_000, 0, Geometry(1, 8192)) == Geometry(2, 8192)


def test_a_release_is_never_laid_out_smaller_than_the_one_before() -> None:
    assert fit(0, 0, 0, Geometry(7, 8192)) == Geometry(7, 8192)


def test_copies_of_the_superblock() -> None:
    assert [group for group in range(60) if has_copy(group)] == [0, 1, 3, 5, 7, 9, 25, 27, 49]
