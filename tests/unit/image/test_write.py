# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from builder.errors import StepError
from builder.image.segment import Segment
from builder.image.write import write

SIZE = 4 << 20
LENGTHS = (1, 4096, 700, 65535, 65536, 300_000, 0, 5000, 1 << 20, 9000, 70_000, 12)


def _image(folder: Path) -> Path:
    image = folder / "image"
    with image.open("xb") as file:
        file.truncate(SIZE)
    return image


@pytest.mark.parametrize("jobs", [1, 3])
def test_every_byte_is_where_it_belongs(tmp_path: Path, jobs: int) -> None:
    random = Random(jobs)
    expected = bytearray(SIZE)
    segments = []
    at = 0
    # Of all sizes, next to one another, with the gaps that blocks leave, and with holes.
    for number, length in enumerate(LENGTHS):
        data = random.randbytes(length)
        if number % 3 == 1:
            segments.append(Segment(at, length, data))
        else:
            path = tmp_path / f"file{number}"
            path.write_bytes(b"before" + data + b"after")
            segments.append(Segment(at, length, path=str(path), skip=6))
        expected[at : at + length] = data
        at = -(-(at + length) // 4096) * 4096 + random.choice([0, 0, 8192])
    random.shuffle(segments)
    image = _image(tmp_path)
    write(image, segments, jobs)
    assert image.read_bytes() == expected


@pytest.mark.parametrize("length", [5000, 100_000])
def test_a_file_of_the_store_that_was_cut(tmp_path: Path, length: int) -> None:
    path = tmp_path / "cut"
    path.write_bytes(bytes(length - 1))
    with pytest.raises(StepError) as caught:
        write(_image(tmp_path), [Segment(0, length, path=str(path))], 1)
    assert caught.value.render() == (
        f"error: `{path}` is shorter than the store says\nhint: `nodebake store verify` finds what is damaged"
    )


def test_a_link_in_a_files_place_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc/hostname")
    with pytest.raises(OSError, match="Too many levels of symbolic links"):
        write(_image(tmp_path), [Segment(0, 1, path=str(tmp_path / "link"))], 1)
