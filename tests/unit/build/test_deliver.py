# SPDX-License-Identifier: Apache-2.0
"""What a delivery may take the place of: nothing, an empty folder, or a former delivery."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from builder.build.deliver import Delivery, delivery
from builder.errors import RecipeError, RefusedError
from builder.host import linux
from builder.recipe.recipe import ImageOutput
from builder.release import checksums


def _place(folder: Path) -> Delivery:
    output = ImageOutput("image", 2 << 30, 512 << 20, 3)
    return delivery("minimal", "20260901-0a1b2c3d", output, folder, folder / "there")


def _deliver(place: Delivery) -> None:
    """Bring a new file to the place."""
    with place.open(os.getuid(), print):
        (place.making / "new").write_text("new")


def _former(folder: Path) -> None:
    """What a former build left, signed since."""
    folder.mkdir()
    (folder / "former.img").write_text("former")
    (folder / "manifest.json").write_text("{}")
    (folder / "manifest.json.sig").write_text("signed")
    sums = dict.fromkeys(("former.img", "manifest.json", "deleted.img.zst"), "0" * 64)
    (folder / checksums.NAME).write_text(checksums.dump(sums))


def test_a_new_folder_an_empty_one_and_a_former_delivery_are_taken(tmp_path: Path) -> None:
    place = _place(tmp_path)
    _deliver(place)
    (place.final / "new").unlink()
    _deliver(place)
    (place.final / "new").unlink()
    place.final.rmdir()
    _former(place.final)
    _deliver(place)
    assert [path.name for path in place.final.iterdir()] == ["new"]


def test_a_file_in_the_place_stays(tmp_path: Path) -> None:
    place = _place(tmp_path)
    place.final.write_text("mine")
    with pytest.raises(RefusedError) as raised:
        _deliver(place)
    assert raised.value.render() == (
        f"error: `{place.final}` is there, and is no folder\n"
        "hint: name an empty or a new folder: --output DIR"
    )
    assert place.final.read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["there"]


@pytest.mark.parametrize("name", ["notes.txt", ".hidden"])
def test_a_file_beside_a_former_delivery_stays(tmp_path: Path, name: str) -> None:
    place = _place(tmp_path)
    _former(place.final)
    (place.final / name).write_text("mine")
    with pytest.raises(RefusedError) as raised:
        _deliver(place)
    assert raised.value.render() == (
        f"error: `{place.final}` holds something that nodebake did not put there\n"
        f"  `{name}`\n"
        "hint: name an empty or a new folder: --output DIR"
    )
    assert (place.final / name).read_text() == "mine"


@pytest.mark.parametrize("sums", [None, "", "no checksums\n", f"{'0' * 64}  site.css\n"])
def test_a_folder_with_a_manifest_of_others_stays(tmp_path: Path, sums: str | None) -> None:
    place = _place(tmp_path)
    place.final.mkdir()
    (place.final / "manifest.json").write_text("{}")
    if sums is not None:
        (place.final / checksums.NAME).write_text(sums)
    with pytest.raises(RefusedError, match="holds something that nodebake did not put there"):
        _deliver(place)
    assert (place.final / "manifest.json").exists()


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "there").symlink_to("elsewhere")
    _deliver(_place(tmp_path))
    assert (tmp_path / "there").is_symlink()
    assert (tmp_path / "elsewhere" / "new").read_text() == "new"


def test_it_is_on_the_disk_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settled = []
    settle = linux.settle

    def told(folder: Path) -> None:
        settled.append((folder, sorted(each.name for each in folder.iterdir()), place.final.exists()))
        settle(folder)

    monkeypatch.setattr(linux, "settle", told)
    place = _place(tmp_path)
    _deliver(place)
    assert settled == [(place.making, ["new"], False)]


def test_a_place_where_nothing_can_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    place = _place(tmp_path / "file" / "below")
    with pytest.raises(RecipeError) as raised:
        _deliver(place)
    assert raised.value.render() == (
        f"error: the results cannot go into `{place.final}`\n"
        f"  `{place.parent}`: not a directory\n"
        "hint: name a folder that you may make or write: --output DIR, or NODEBAKE_OUT=DIR for all"
    )


def test_a_full_disk_is_no_mistake_of_the_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, **_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))

    monkeypatch.setattr(Path, "mkdir", full)
    with pytest.raises(OSError, match="No space left"):
        _deliver(_place(tmp_path))
