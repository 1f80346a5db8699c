# SPDX-License-Identifier: Apache-2.0
"""Whatever is to be stored, its partitions are sound."""

from hypothesis import given
from hypothesis import strategies as st

from builder.image.ext4size import BLOCK, INODE
from builder.image.identity import derive
from builder.image.layout import ALIGNMENT, DISK_UNIT, MIB, SECTOR, lay_out
from builder.tree.entry import Entry, Kind

SIZES = st.lists(st.integers(0, 300 * MIB), max_size=40)


@given(sizes=SIZES, boot=st.integers(40, 2048), free=st.integers(0, 8 << 30))
def test_partitions_never_overlap_and_are_aligned_inside_the_disk(
    sizes: list[int], boot: int, free: int
) -> None:
    entries = [Entry(f"f{n}", Kind.FILE, 0o644, 0, 0, 0, size=size) for n, size in enumerate(sizes)]
    layout = lay_out(entries, boot_size=boot * MIB, free=free)
    assert layout.size % DISK_UNIT == 0
    assert layout.boot.start >= SECTOR
    assert layout.boot.end <= layout.root.start
    assert layout.root.end == layout.size
    for partition in layout.partitions:
        assert partition.start % ALIGNMENT == 0
        assert partition.size % SECTOR == 0
    assert layout.boot.size >= boot * MIB
    content = sum(-(-size // BLOCK) * BLOCK for size in sizes)
    journal = layout.ext4.journal * MIB
    assert layout.root.size >= content + free + journal + layout.ext4.inodes * INODE
    assert layout.root.size >= layout.ext4.bytes


@given(sizes=SIZES, free=st.integers(0, 8 << 30), more=st.integers(0, 1 << 30))
def test_more_content_never_needs_less_room(sizes: list[int], free: int, more: int) -> None:
    entries = [Entry(f"f{n}", Kind.FILE, 0o644, 0, 0, 0, size=size) for n, size in enumerate(sizes)]
    bigger = [*entries, Entry("more", Kind.FILE, 0o644, 0, 0, 0, size=more)]
    less = lay_out(entries, boot_size=64 * MIB, free=free)
    assert lay_out(bigger, boot_size=64 * MIB, free=free).root.size >= less.root.size
    assert lay_out(entries, boot_size=64 * MIB, free=free + more).root.size >= less.root.size


@given(one=st.text("0123456789abcdef", min_size=8), other=st.text("0123456789abcdef", min_size=8))
def test_identities_differ_exactly_when_seeds_do(one: str, other: str) -> None:
    assert (derive(one) == derive(other)) == (one == other)
    assert derive(one).disk_id != 0
