# SPDX-License-Identifier: Apache-2.0
"""The release after a release, by the commands that an operator types."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from builder.image.placement import parse
from builder.lock.file import dump
from builder.lock.file import parse as parse_lock
from builder.release import index
from builder.tree.noted import RELEASE
from tests.fixtures import ROOT, Site

pytestmark = pytest.mark.build
CHANGED = "etc/systemd/journald.conf.d/10-nodebake.conf"


@pytest.fixture
def project(site: Site, tmp_path: Path) -> Path:
    """A copy of the site's project, whose latest release is the one that was built for all tests."""
    release = Path(site.built("minimal")["image"]).parent
    # Built by root, it is read by another uid.
    tmp_path.chmod(0o755)
    for name in ("recipes", "overlays", "keys", "locks"):
        shutil.copytree(site.root / name, tmp_path / name, symlinks=True)
    for name in ("site.yaml", "cluster.yaml"):
        shutil.copy(site.root / name, tmp_path / name)
    out = tmp_path / "out" / "minimal"
    out.mkdir(parents=True)
    (out / release.name).symlink_to(release)
    (out / "latest").symlink_to(release.name)
    return tmp_path


def _nodebake(project: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "builder", "--project", project, *words],
        env={**os.environ, "PYTHONPATH": str(ROOT), "NODEBAKE_OUT": str(project / "out")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.archive
def test_a_new_lock_takes_the_placement_over_and_the_next_release_moves_little(
    site: Site, project: Path
) -> None:
    first = site.built("minimal")
    path = project / "locks/minimal.lock"
    locked = parse_lock(path.read_text(), path.name)
    _nodebake(project, "lock", "minimal", "--update")
    lock = parse_lock(path.read_text(), path.name)
    (kept,) = (project / "locks").glob("minimal.*.placement")
    assert kept.read_bytes() == Path(first["placement"]).read_bytes()
    assert kept.name == f"minimal.{lock.placement[:12]}.placement"

    # An archive may have had news since the first lock. How little moves is asked of one file's change.
    path.write_text(dump(replace(locked, placement=lock.placement)))
    with (project / "overlays/journal" / CHANGED).open("a") as file:
        file.write("".join(f"# line {number} of what grew\n" for number in range(500)))
    second = json.loads(_nodebake(project, "build", "minimal", "--locked", "--json"))
    assert second["version"] != first["version"]
    before, after = (parse(Path(each["placement"]).read_text()) for each in (first, second))
    moved = {path for path, placed in after.files.items() if before.files.get(path) != placed}
    assert moved <= {CHANGED, RELEASE}
    assert before.boot == after.boot
    former, now = (index.parse(Path(each["index"]).read_bytes()) for each in (first, second))
    # The file's blocks, its inode, bitmaps with descriptors, the superblock; the release's name.
    assert 1 <= len(now.differing(former)) <= 7


def test_a_lock_without_its_placement_is_refused(site: Site, project: Path) -> None:
    lock = (project / "locks/minimal.lock").read_text()
    (project / "locks/minimal.lock").write_text(
        lock.replace('"request"', f'"placement": "{"ab" * 32}",\n"request"', 1)
    )
    done = subprocess.run(
        [sys.executable, "-m", "builder", "--project", project, "build", "minimal", "--locked"],
        env={**os.environ, "PYTHONPATH": str(ROOT), "NODEBAKE_OUT": str(project / "out")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 4
    assert done.stderr.startswith("error: `minimal.abababababab.placement` is missing\n")
