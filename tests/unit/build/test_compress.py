# SPDX-License-Identifier: Apache-2.0
"""Frames: what the former release has is taken from there, and only if it is what it was."""

import os
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from builder.build import compress as module
from builder.build.compress import Kept, compress, kept
from builder.release import frames
from builder.release import index as block_index
from builder.release.scan import scan

SIZE = 4 * frames.FRAME + 5000


class _Zlib:
    """Stands for zstd; notes what it was asked for."""

    def __init__(self) -> None:
        self.calls: list[int] = []

    def __call__(self, data: bytes) -> bytes:
        self.calls.append(len(data))
        return zlib.compress(data, 1)


@pytest.fixture
def release(tmp_path: Path) -> Callable[..., tuple[Path, list[int]]]:
    """Makes a release of an image with one byte in the third frame; the folder, and what was compressed."""

    def make(name: str, byte: bytes, former: Path | None = None, level: int = 3) -> tuple[Path, list[int]]:
        folder = tmp_path / name
        folder.mkdir()
        image = folder / "x.img"
        image.touch()
        os.truncate(image, SIZE)
        with image.open("r+b") as file:
            file.seek(2 * frames.FRAME + 7)
            file.write(byte)
        found = scan(image)
        (folder / "x.img.index").write_bytes(block_index.dump(found.index))
        program = _Zlib()
        have = kept(former, "zstd-1", level) if former else Kept()
        compress(image, folder / "x.img.zst", found.index, have, "zstd-1", level, program, jobs=2)
        return folder, program.calls

    return make


def _whole(folder: Path) -> bytes:
    made = frames.read(folder / "x.img.zst")
    assert made
    data = (folder / "x.img.zst").read_bytes()
    parts = []
    for frame in made.frames:
        parts.append(zlib.decompress(data[: frame.size]))
        data = data[frame.size :]
    return b"".join(parts)


def test_all_frames_together_are_the_image(release: Callable[..., tuple[Path, list[int]]]) -> None:
    folder, _ = release("one", b"x")
    assert _whole(folder) == (folder / "x.img").read_bytes()


def test_only_what_differs_is_compressed_again(release: Callable[..., tuple[Path, list[int]]]) -> None:
    former, _ = release("one", b"x")
    folder, calls = release("two", b"y", former)
    assert calls == [frames.FRAME]
    assert _whole(folder) == (folder / "x.img").read_bytes()
    alone, _ = release("three", b"y")
    assert (alone / "x.img.zst").read_bytes() == (folder / "x.img.zst").read_bytes()


def test_frames_of_another_level_are_not_taken(release: Callable[..., tuple[Path, list[int]]]) -> None:
    former, _ = release("one", b"x")
    _, calls = release("two", b"x", former, level=4)
    assert len(calls) >= 3


def test_a_frame_that_was_damaged_is_made_anew(release: Callable[..., tuple[Path, list[int]]]) -> None:
    former, _ = release("one", b"x")
    made = frames.read(former / "x.img.zst")
    assert made
    with (former / "x.img.zst").open("r+b") as file:
        file.seek(sum(frame.size for frame in made.frames[:2]))
        file.write(b"?")
    folder, calls = release("two", b"x", former)
    assert calls == [frames.FRAME]
    assert _whole(folder) == (folder / "x.img").read_bytes()


def test_a_folder_without_a_release_gives_nothing(tmp_path: Path) -> None:
    assert kept(tmp_path / "none", "zstd-1", 3) == Kept()
    (tmp_path / "x.img.zst").write_bytes(b"plain")
    assert kept(tmp_path, "zstd-1", 3) == Kept()


@pytest.mark.parametrize("cut", [1, 8, 40])
def test_a_file_that_is_not_whole_tells_no_frames(
    release: Callable[..., tuple[Path, list[int]]], cut: int
) -> None:
    folder, _ = release("one", b"x")
    data = (folder / "x.img.zst").read_bytes()
    (folder / "x.img.zst").write_bytes(data[cut:])
    assert frames.read(folder / "x.img.zst") is None
    (folder / "x.img.zst").write_bytes(data[:-cut])
    assert frames.read(folder / "x.img.zst") is None


def test_memory_holds_only_frames_that_repeat(
    release: Callable[..., tuple[Path, list[int]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    original = module._frame

    def watch(*given: object) -> bytes:
        seen.append(len(given[2]))  # type: ignore[arg-type]
        return original(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "_frame", watch)
    release("one", b"x")
    assert set(seen) == {1}
