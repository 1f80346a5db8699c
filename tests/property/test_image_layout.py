# SPDX-License-Identifier: Apache-2.0
"""Whatever is to be stored, its partitions are sound."""

from hypothesis import given
from hypothesis import strategies as st

from builder.image.ext4.geometry import BLOCK, INODE, JOURNAL, fit
from builder.image.identity import derive
from builder.image.layout import ALIGNMENT, MIB, SECTOR, lay_out


@given(blocks=st.integers(0, 2 << 20), inodes=st.integers(0, 1 << 20), free=st.integers(0, 8 << 30))
def test_a_file_system_holds_what_it_is_made_for(blocks: int, inodes: int, free: int) -> None:
    found = fit(blocks, inodes, free, None)
    assert found.inodes >= inodes + 11
    assert found.bytes >= blocks * BLOCK + free + JOURNAL + found.inodes * INODE
    more = fit(blocks + 1, inodes, free, found)
    assert more.inodes_per_group == found.inodes_per_group
    assert found.groups <= more.groups <= found.groups + 1


@given(boot=st.integers(40, 2048), groups=st.integers(1, 500))
def test_partitions_never_overlap_and_are_aligned_inside_the_disk(boot: int, groups: int) -> None:
    layout = lay_out(boot * MIB, fit(0, 0, groups * 100 * MIB, None))
    assert layout.boot.start >= SECTOR
    assert layout.boot.end <= layout.root.start
    assert layout.root.end == layout.size
    for partition in layout.partitions:
        assert partition.start % ALIGNMENT == 0
        assert partition.size % SECTOR == 0
    assert layout.boot.size >= boot * MIB
    assert layout.root.size == layout.ext4.bytes
    fat = layout.fat32
    assert fat.data + fat.clusters * fat.per_cluster <= fat.sectors
    assert fat.table * SECTOR >= (fat.clusters + 2) * 4
    assert fat.clusters >= 65525


@given(one=st.text("0123456789abcdef", min_size=8), other=st.text("0123456789abcdef", min_size=8))
def test_identities_differ_exactly_when_seeds_do(one: str, other: str) -> None:
    assert (derive(one) == derive(other)) == (one == other)
    assert derive(one).disk_id != 0
