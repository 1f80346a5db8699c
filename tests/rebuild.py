# SPDX-License-Identifier: Apache-2.0
"""The same lock built once more where everything is different that may be, and what then differs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builder.build.workshop import store_root
from builder.release.manifest import Manifest, parse
from tests.alone import STRANGERS, alone
from tests.fixtures import ROOT, Site
from tests.needs import PATH

_CHUNK = 4096
_MOST = 5


@dataclass(frozen=True)
class Elsewhere:
    """Another place to build at: `folder` is to be new, `user` another one's name or None for our own.

    `alone` is in a container, without a network and without this machine's programs.
    """

    folder: Path
    jobs: int
    umask: int
    timezone: str
    locale: str
    user: str | None = None
    alone: bool = False


def rebuild(site: Site, recipe: str, place: Elsewhere) -> Path:
    """The folder of the release that a build with an empty store makes there of the lock of `site`."""
    project, store, out = (place.folder / name for name in ("the project", "store", "out"))
    shutil.copytree(site.root, project, symlinks=True, ignore=shutil.ignore_patterns("out", ".git"))
    lock = project / "locks" / f"{recipe}.lock"
    # The .debs are checked by their sha256 anyway: only they are not fetched again.
    (store / "debs").mkdir(parents=True)
    for sha256 in _debs(lock):
        shutil.copyfile(store_root(os.environ) / "debs" / f"{sha256}.deb", store / "debs" / f"{sha256}.deb")
    if place.user:
        subprocess.run(["chown", "-R", f"{place.user}:", place.folder], check=True)
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "HOME": str(place.folder),
        "TZ": place.timezone,
        "LC_ALL": place.locale,
        "LANGUAGE": place.locale,
        "NODEBAKE_STORE": str(store),
        "NODEBAKE_OUT": str(out),
    }
    words = ["build", recipe, "--json", "--locked", "--jobs", str(place.jobs)]
    argv: list[str | Path] = [sys.executable, "-m", "builder", *words]
    done = subprocess.run(
        alone(argv, STRANGERS) if place.alone else argv,
        cwd=project,
        env=environment,
        umask=place.umask,
        user=place.user,
        group=place.user,
        extra_groups=None if place.user is None else [],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return Path(answer["manifest"]).parent


def _debs(lock: Path) -> set[str]:
    rows = json.loads(lock.read_text()).items()
    return {row["sha256"] for key, found in rows if key.startswith(("packages", "helper")) for row in found}


def clear(place: Elsewhere) -> None:
    """Remove what was built there; a store's files belong to ids that only its user has."""
    shutil.rmtree(place.folder / "out", ignore_errors=True)
    prefix = [] if os.geteuid() == 0 else ["unshare", "--user", "--map-auto", "--map-root-user"]
    subprocess.run([*prefix, "rm", "-rf", "--one-file-system", place.folder / "store"], check=True)


def same(one: Path, other: Path) -> str:
    """What differs between two releases, as a text for a person; empty when each byte is the same."""
    names = sorted({path.name for folder in (one, other) for path in folder.iterdir()})
    differing = [name for name in names if not _equal(one / name, other / name)]
    if not differing:
        return ""
    return "\n".join([f"differing: {', '.join(differing)}", *_why(one, other, differing)])


def _equal(one: Path, other: Path) -> bool:
    if not (one.is_file() and other.is_file()):
        return False
    return subprocess.run(["cmp", "--silent", one, other], check=False).returncode == 0


def _why(one: Path, other: Path, differing: list[str]) -> Iterator[str]:
    """The files of the tree that differ; without such, texts of the release; and where images do."""
    manifests = [parse((folder / "manifest.json").read_text()) for folder in (one, other)]
    images = [
        folder / artifact.name
        for folder, m in zip((one, other), manifests, strict=True)
        for artifact in m.artifacts
        if artifact.kind == "image"
    ]
    paths = list(_paths(*manifests))
    if paths:
        yield f"paths of the tree that differ: {len(paths)}"
        for path in paths[:_MOST]:
            yield from _file(path, images, manifests)
    else:
        for name in differing:
            if name.endswith((".json", ".bmap", ".placement", "SUMS")):
                yield _diffoscope(one / name, other / name)
    if images and images[0].name in differing:
        yield from _places(*images)


def _paths(one: Manifest, other: Manifest) -> Iterator[str]:
    mine, its = ({file.path: file for file in made.files} for made in (one, other))
    yield from (path for path in sorted(mine.keys() | its.keys()) if mine.get(path) != its.get(path))


def _file(path: str, images: list[Path], manifests: list[Manifest]) -> Iterator[str]:
    """A path's two lines of the manifest, and diffoscope's word on its contents."""
    for made in manifests:
        yield f"  {next((file for file in made.files if file.path == path), f'{path}: absent')}"
    if not images:
        return
    found = []
    for image, made in zip(images, manifests, strict=True):
        target = image.parent / f"differing-{path.replace('/', '_')}"
        _take_out(path, image, made, target)
        found.append(target)
    if all(target.is_file() for target in found):
        yield _diffoscope(*found)
    for target in found:
        target.unlink(missing_ok=True)


def _take_out(path: str, image: Path, made: Manifest, target: Path) -> None:
    """Write a file of an image to `target`, if it is there."""
    assert made.image
    boot, root = made.image.partitions
    command: list[str | Path]
    below = f"{boot.mount.lstrip('/')}/"
    if path.startswith(below):
        command = ["mcopy", "-n", "-i", f"{image}@@{boot.start}", f"::/{path.removeprefix(below)}", target]
    else:
        command = ["debugfs", "-R", f'dump "/{path}" "{target}"', f"{image}?offset={root.start}"]
    subprocess.run(command, env={**os.environ, "PATH": PATH}, capture_output=True, check=False)


def _places(one: Path, other: Path) -> Iterator[str]:
    """Where two images differ first, by byte."""
    with one.open("rb") as mine, other.open("rb") as its:
        found = [
            number * _CHUNK
            for number in range(one.stat().st_size // _CHUNK)
            if mine.read(_CHUNK) != its.read(_CHUNK)
        ]
    yield f"images of {one.stat().st_size} and {other.stat().st_size} bytes; blocks that differ: {len(found)}"
    yield f"the first are at {', '.join(map(str, found[:_MOST]))}"


def _diffoscope(one: Path, other: Path) -> str:
    done = subprocess.run(
        ["diffoscope", "--max-text-report-size", "4000", "--text", "-", one, other],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    return done.stdout or f"diffoscope ended with {done.returncode}: {done.stderr[-400:]}"


def elsewhere(folder: Path, user: str | None = None) -> Elsewhere:
    """A place as different as it may be; at the far end of time zones it is another day for hours.

    Another user has his own ids; for the same one, a container gives others.
    """
    zone = "XYZ-14" if time.gmtime().tm_hour >= 10 else "XYZ+12"
    return Elsewhere(folder, 1, 0o077, zone, "tr_TR.UTF-8", user, alone=user is None)
