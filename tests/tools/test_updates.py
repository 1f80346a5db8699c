# SPDX-License-Identifier: Apache-2.0
"""Twenty real images after one another: what changed moves, and nothing else does."""

from __future__ import annotations

import os
from pathlib import Path
from random import Random

import pytest

from builder.image.layout import layout_of
from builder.image.placement import Placement
from builder.release.index import BLOCK_SIZE, Index
from builder.release.scan import scan
from tests.needs import needs_tool
from tests.tools.image_tools import EPOCH, output, tree_of
from tests.tools.test_image import make, part

pytestmark = [pytest.mark.tools, needs_tool("mke2fs", "e2fsck", "fsck.fat")]
PACKAGES = 30


def _write(folder: Path, random: Random, day: int) -> int:
    """A package's next version, as `day` brings it; the bytes of it."""
    folder.mkdir(parents=True, exist_ok=True)
    written = 0
    for number in range(12):
        path = folder / f"file{number}"
        had = path.stat().st_size if path.exists() else random.choice([900, 7_000, 60_000, 400_000])
        size = max(1, had + random.randint(-3_000, 6_000))
        path.write_bytes(random.randbytes(size))
        os.utime(path, (EPOCH + day, EPOCH + day))
        written += size
    return written


def test_twenty_updates_move_little_and_stay_sound(tmp_path: Path) -> None:
    random = Random(7)
    tree = tmp_path / "tree"
    folders = [tree / "usr" / f"package{number:02}" for number in range(PACKAGES)]
    folders += [tree / "boot" / "firmware" / f"overlays{number}" for number in range(4)]
    for folder in folders:
        _write(folder, random, 0)
    former = make(tmp_path / "0.img", tree_of(tree))
    index = scan(tmp_path / "0.img").index
    ratios = []
    for day in range(1, 21):
        chosen = random.sample(folders, 3)
        changed = sum(_write(folder, random, day) for folder in chosen)
        image = tmp_path / f"{day}.img"
        placement = make(image, tree_of(tree), former)
        _check_what_stayed(former, placement, [str(folder.relative_to(tree)) for folder in chosen])
        now = scan(image).index
        ratios.append(_moved(now, index) / changed)
        former, index = placement, now
        if day not in (1, 20):
            image.unlink()
    # Blocks of 64 KiB, so files of a few hundred bytes cost more than they are.
    assert sum(ratios) / len(ratios) <= 1.5, ratios
    assert sum(ratios[-5:]) <= sum(ratios[:5]) * 1.3, "it wears out"
    _check_sound(tmp_path / "20.img", former)


def _moved(now: Index, before: Index) -> int:
    """Bytes of blocks that differ."""
    return len(now.differing(before)) * BLOCK_SIZE


def _check_what_stayed(former: Placement, now: Placement, changed: list[str]) -> None:
    for path, placed in former.files.items():
        if not path.startswith(tuple(changed)):
            assert now.files[path] == placed, path
    for path, placed in former.boot.items():
        if not path.startswith(tuple(changed)):
            assert now.boot[path] == placed, path


def _check_sound(image: Path, placement: Placement) -> None:
    layout = layout_of(placement)
    root = part(image, layout)
    output(["e2fsck", "-fn", str(root)])
    assert max(len(placed.spans) for placed in placement.files.values()) <= 4
    boot = image.with_suffix(".boot")
    with image.open("rb") as file:
        file.seek(layout.boot.start)
        boot.write_bytes(file.read(layout.boot.size))
    output(["fsck.fat", "-n", str(boot)])
