# SPDX-License-Identifier: Apache-2.0
import pytest

from builder.errors import RecipeError
from builder.image.fatsize import clusters, sectors_per_cluster
from builder.image.layout import MIB, lay_out
from builder.tree.entry import Entry, Kind

ROOT = Entry("", Kind.DIRECTORY, 0o755, 0, 0, 0)


def _file(path: str, size: int) -> Entry:
    return Entry(path, Kind.FILE, 0o644, 0, 0, 0, size=size)


def test_the_usual_card() -> None:
    layout = lay_out([ROOT, _file("bin/sh", 500 * MIB)], boot_size=512 * MIB, free=256 * MIB)
    assert (layout.boot.start, layout.boot.size) == (8 * MIB, 512 * MIB)
    assert layout.root.start == 520 * MIB
    assert 756 * MIB < layout.root.size < 840 * MIB
    assert [p.type for p in layout.partitions] == [0x0C, 0x83]
    assert [p.label for p in layout.partitions] == ["bootfs", "rootfs"]


def test_what_lies_in_the_boot_directory_takes_no_room_in_the_root() -> None:
    bare = lay_out([ROOT], boot_size=256 * MIB, free=0)
    full = lay_out([ROOT, _file("boot/firmware/kernel8.img", 200 * MIB)], boot_size=256 * MIB, free=0)
    assert bare == full


def test_hard_links_count_once() -> None:
    one = _file("a", 100 * MIB)
    twice = [Entry("a", Kind.FILE, 0o644, 0, 0, 0, size=100 * MIB, links="a")]
    twice += [Entry("b", Kind.FILE, 0o644, 0, 0, 0, size=100 * MIB, links="a")]
    assert lay_out(twice, boot_size=64 * MIB, free=0) == lay_out([one], boot_size=64 * MIB, free=0)


def test_a_boot_partition_that_is_too_small() -> None:
    with pytest.raises(RecipeError) as caught:
        lay_out([_file("boot/firmware/initrd", 300 * MIB)], boot_size=256 * MIB, free=0)
    assert caught.value.render() == (
        "error: the boot partition of 256 MiB is too small\n"
        "  /boot/firmware holds 300.0 MiB\n"
        "hint: raise `boot_size` of the image output"
    )


def test_a_boot_partition_that_cannot_be_fat32() -> None:
    with pytest.raises(RecipeError, match="a boot partition of 16 MiB is too small for FAT32"):
        lay_out([ROOT], boot_size=16 * MIB, free=0)


def test_an_image_that_no_mbr_can_hold() -> None:
    with pytest.raises(RecipeError, match="more than a partition table of a Pi can hold"):
        lay_out([ROOT], boot_size=64 * MIB, free=3 << 40)


@pytest.mark.parametrize(("mib", "sectors"), [(40, 1), (64, 1), (128, 2), (256, 4), (512, 8), (4096, 8)])
def test_clusters_are_as_large_as_fat32_allows(mib: int, sectors: int) -> None:
    assert sectors_per_cluster(mib * MIB) == sectors
    assert clusters(mib * MIB, sectors) >= 65525
