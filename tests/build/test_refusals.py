# SPDX-License-Identifier: Apache-2.0
"""What cannot be built is refused by the real command: exit code, words, and nothing left in the output."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fixtures import ROOT, Site
from tests.needs import needs_subordinate_ids, needs_tool

pytestmark = [pytest.mark.archive, needs_tool("unshare")]

# In a container of its own, with a whole range of ids: as root in there, which is nobody outside.
CONTAINER = ["unshare", "--user", "--map-auto", "--map-root-user", "--mount", "--", "sh", "-c"]


@pytest.fixture
def project(site: Site, tmp_path: Path) -> Path:
    """A copy of the run's project, to be spoilt."""
    root = tmp_path / "project"
    shutil.copytree(site.root, root, ignore=shutil.ignore_patterns("out", "locks"))
    return root


def _refused(
    project: Path, *words: str, prefix: list[str] | None = None, **environment: str
) -> tuple[int, str]:
    """The exit code of `nodebake WORDS` and what it said; the output must stay empty."""
    command = [sys.executable, "-m", "builder", *words]
    argv = command if prefix is None else [*prefix[:-1], f"{prefix[-1]} exec {' '.join(command)}"]
    done = subprocess.run(
        argv,
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr
    assert not (project / "out").exists(), done.stderr
    assert done.stdout == ""
    return done.returncode, done.stderr


def test_an_unknown_package_is_named_with_near_names(project: Path) -> None:
    recipe = project / "recipes/machine.yaml"
    recipe.write_text(recipe.read_text().replace("packages: [openssh-server]", "packages: [opensh-server]"))
    code, said = _refused(project, "build", "minimal")
    assert code == 2
    assert "error: unknown package `opensh-server`\n" in said
    assert "`openssh-server`" in said


def test_what_a_recipe_does_not_make_is_refused_before_it_is_locked(project: Path) -> None:
    code, said = _refused(project, "build", "machine")
    assert (code, said) == (
        2,
        "error: recipe `machine` has no outputs, it is a part for others to include\n"
        "hint: `nodebake list` shows what can be built\n",
    )
    code, said = _refused(project, "build", "minimal", "--only", "card")
    assert (code, said) == (2, "error: recipe `minimal` has no output `card`\nhint: it has: `image`\n")
    assert not (project / "locks").exists()


def test_an_archive_that_is_down_is_told(project: Path) -> None:
    code, said = _refused(project, "build", "minimal", NODEBAKE_ARCHIVE_DEBIAN="http://127.0.0.1:9/debian")
    assert code == 3
    assert "error: an archive cannot be reached\n" in said
    assert "name another host under `archives:` in site.yaml" in said


def test_locked_insists_on_a_lock(project: Path) -> None:
    code, said = _refused(project, "build", "minimal", "--locked")
    assert code == 4
    assert said == (
        "error: recipe `minimal` has no lock, and --locked insists on one\n"
        "hint: `nodebake lock minimal` makes one\n"
    )


def test_a_stale_lock_is_told_with_what_has_changed(project: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "builder", "lock", "minimal"],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    recipe = project / "recipes/machine.yaml"
    recipe.write_text(recipe.read_text().replace("[openssh-server]", "[openssh-server, hello]"))
    code, said = _refused(project, "build", "minimal", "--locked")
    assert code == 4
    assert said == (
        "error: the lock of `minimal` is stale\n"
        "  asked for since: hello\n"
        "hint: `nodebake lock minimal --update`\n"
    )


def test_a_package_that_is_nowhere_any_more_is_told_with_where_it_was_looked_for(
    site: Site, project: Path, tmp_path: Path
) -> None:
    site.built("minimal")
    shutil.copytree(site.root / "locks", project / "locks")
    lock = json.loads((project / "locks/minimal.lock").read_text())
    gone = next(row for row in lock["packages"] if row["name"] == "openssh-server")
    store, empty = tmp_path / "store", f"file:{tmp_path}/empty"
    shutil.copytree(_debs(), store / "debs", copy_function=os.link)
    (store / f"debs/{gone['sha256']}.deb").unlink()
    words = ["debian", "debian-security", "snapshot"]
    hosts = {f"NODEBAKE_ARCHIVE_{word.upper().replace('-', '_')}": f"{empty}/{word}" for word in words}
    code, said = _refused(
        project, "build", "minimal", "--locked", prefix=None, NODEBAKE_STORE=str(store), **hosts
    )
    assert code == 4
    told = said[said.index("error: ") :].splitlines()
    assert told[0] == f"error: `openssh-server` {gone['version']} has left archive `{gone['archive']}`"
    assert [line.split("/empty/")[1].split("/")[0] for line in told[1:-1]] == [
        gone["archive"],
        *["snapshot"] * 2,
    ]
    assert told[-1].startswith(
        "hint: `nodebake store import BUNDLE` brings it back where there is a bundle; "
    )


@needs_subordinate_ids
def test_a_machine_that_forbids_user_namespaces_is_refused(project: Path, tmp_path: Path) -> None:
    forbid = "echo 0 >/proc/sys/user/max_user_namespaces;"
    store = {"NODEBAKE_STORE": str(tmp_path / "store")}
    shutil.copytree(_debs(), tmp_path / "store/debs", copy_function=os.link)
    code, said = _refused(project, "build", "minimal", prefix=[*CONTAINER, forbid], **store)
    assert code == 3
    assert "error: this machine forbids user namespaces, in which a build runs\n" in said
    assert "user.max_user_namespaces = 0" in said


@needs_subordinate_ids
def test_a_disk_that_would_fill_up_is_refused_before_the_first_step(project: Path, tmp_path: Path) -> None:
    store = tmp_path / "small"
    store.mkdir()
    mount = f"mount -t tmpfs -o size=700m none {store};"
    code, said = _refused(project, "build", "minimal", prefix=[*CONTAINER, mount], NODEBAKE_STORE=str(store))
    assert code == 3
    assert f"error: the disk of `{store}` is too full for this build\n" in said
    assert "[1/" not in said


def test_a_container_with_too_few_ids_is_refused(project: Path) -> None:
    prefix = ["unshare", "--user", "--map-root-user", "--", "sh", "-c", ""]
    code, said = _refused(project, "build", "minimal", prefix=prefix)
    assert code == 3
    assert "error: this container has fewer than 65536 uids\n" in said


def _debs() -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("NODEBAKE_STORE") or cache / "nodebake") / "debs"
