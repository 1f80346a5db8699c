# SPDX-License-Identifier: Apache-2.0
"""A lock gives the same bytes wherever and however it is built: the cheap half, on `minimal`.

The clock is the one thing that a test cannot change here. Two builds at different seconds show that no
second of theirs is in the image; test_dates looks for days.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from builder.release.manifest import parse
from tests.build.conftest import say
from tests.fixtures import Site
from tests.needs import needs_tool
from tests.rebuild import clear, elsewhere, rebuild, same

pytestmark = [pytest.mark.build, needs_tool("diffoscope", "debugfs", "mcopy", "cmp", "unshare")]


@pytest.mark.archive
def test_a_build_elsewhere_makes_the_same_bytes(site: Site, tmp_path: Path) -> None:
    first = Path(site.built("minimal")["image"]).parent
    place = elsewhere(tmp_path / "a long way from home")
    try:
        second = rebuild(site, "minimal", place)
        assert first.name == second.name
        assert not same(first, second)
    finally:
        clear(place)


def test_what_differs_is_named(site: Site, tmp_path: Path) -> None:
    first = Path(site.built("minimal")["image"]).parent
    second = tmp_path / "second"
    subprocess.run(["cp", "-r", "--sparse=always", first, second], check=True)
    manifest = second / "manifest.json"
    made = parse(manifest.read_text())
    assert made.image
    (tmp_path / "issue").write_text("Somebody was here\n")
    (image,) = second.glob("*.img")
    root = f"{image}?offset={made.image.partitions[1].start}"
    for request in ("rm /etc/issue", f"write {tmp_path}/issue /etc/issue"):
        say(["debugfs", "-w", "-R", request, root])
    boot = f"{image}@@{made.image.partitions[0].start}"
    say(["mcopy", "-o", "-i", boot, tmp_path / "issue", "::/cmdline.txt"], MTOOLS_SKIP_CHECK="1")
    text = manifest.read_text()
    for path in ("etc/issue", "boot/firmware/cmdline.txt"):
        before = next(file for file in made.files if file.path == path)
        text = text.replace(before.sha256, "0" * 64)
    manifest.write_text(text)
    said = same(first, second)
    shutil.rmtree(second)
    assert said.startswith(f"differing: manifest.json, {image.name}\n")
    assert "paths of the tree that differ: 2\n" in said
    assert "-Debian GNU/Linux 13" in said and "root=PARTUUID=" in said
    assert said.count("+Somebody was here") == 2
    assert "blocks that differ: " in said


def test_a_release_differs_from_one_with_fewer_files(tmp_path: Path) -> None:
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
    assert not same(tmp_path / "one", tmp_path / "other")
