# SPDX-License-Identifier: Apache-2.0
import os
from pathlib import Path

from builder.image.atime import settle_atimes

EPOCH = 1_700_000_000


def test_access_times_before_the_epoch_are_raised_and_others_are_left(tmp_path: Path) -> None:
    (tmp_path / "old").touch()
    (tmp_path / "new").touch()
    (tmp_path / "link").symlink_to("old")
    os.utime(tmp_path / "old", (5, 7))
    os.utime(tmp_path / "new", (EPOCH + 9, 7))
    os.utime(tmp_path / "link", (5, 7), follow_symlinks=False)
    settle_atimes(tmp_path, EPOCH)
    times = {p.name: (p.lstat().st_atime, p.lstat().st_mtime) for p in tmp_path.iterdir()}
    assert (times["old"], times["new"]) == ((EPOCH, 7), (EPOCH + 9, 7))
    # Walking a directory already reads its links.
    assert times["link"][0] >= EPOCH
    assert times["link"][1] == 7
