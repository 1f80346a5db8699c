# SPDX-License-Identifier: Apache-2.0
"""A lock gives the same bytes wherever and by whomever it is built: the whole, of an image and of netboot.

Run by root, the second build is another user's, with other ids in its namespace. A project that is kept
(NODEBAKE_TEST_PROJECT) brings its release along: the first build is then as old as that.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures import Site
from tests.needs import PATH, needs_tool
from tests.rebuild import clear, elsewhere, rebuild, same

pytestmark = [
    pytest.mark.build,
    pytest.mark.archive,
    needs_tool("diffoscope", "debugfs", "cmp", "unshare"),
]

_NAME = "nodebake-other"


@pytest.fixture
def other_user() -> Iterator[str | None]:
    """A user for this test's time, with a range of subordinate ids; None where only root could make one."""
    if os.geteuid() != 0:
        yield None
        return
    _run("useradd", "--create-home", "--shell", "/bin/sh", _NAME)
    try:
        for kind in ("uid", "gid"):
            lines = Path(f"/etc/sub{kind}").read_text().splitlines()
            if not any(line.startswith(f"{_NAME}:") for line in lines):
                first = max([100000, *(sum(map(int, line.split(":")[1:])) for line in lines)])
                _run("usermod", f"--add-sub{kind}s", f"{first}-{first + 65535}", _NAME)
        yield _NAME
    finally:
        _run("userdel", "--remove", _NAME)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that everybody may enter, which pytest's own are not."""
    folder = Path(tempfile.mkdtemp(prefix="nodebake-", dir="/var/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def _run(*argv: str) -> None:
    subprocess.run(argv, env={**os.environ, "PATH": PATH}, check=True, capture_output=True)


@pytest.mark.parametrize("recipe", ["docker-sdcard", "minimal-netboot"])
def test_another_user_makes_the_same_bytes_elsewhere(
    recipe: str, site: Site, other_user: str | None, open_folder: Path
) -> None:
    first = Path(site.built(recipe)["manifest"]).parent
    place = elsewhere(open_folder / "a long way from home", other_user)
    try:
        second = rebuild(site, recipe, place)
        if other_user:
            assert second.stat().st_uid == pwd.getpwnam(other_user).pw_uid
        assert first.name == second.name
        assert not same(first, second)
    finally:
        clear(place)
