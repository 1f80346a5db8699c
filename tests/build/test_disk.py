# SPDX-License-Identifier: Apache-2.0
"""A disk that fills up in the middle of a build, and one that cannot hold a store at all."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults import Ground
from tests.needs import needs_subordinate_ids, needs_tool

pytestmark = [pytest.mark.build, pytest.mark.archive, needs_tool("unshare"), needs_subordinate_ids]

# In a container of its own, with a whole range of ids: as root in there, which is nobody outside.
CONTAINER = ["unshare", "--user", "--map-auto", "--map-root-user", "--mount", "--", "sh", "-euc"]
HINT = (
    "hint: free some space, or go elsewhere: NODEBAKE_STORE=DIR, NODEBAKE_OUT=DIR; "
    "the next build goes on where this one ended\n"
)


@pytest.fixture
def small(ground: Ground) -> Path:
    """Where a store on a file system of its own is mounted."""
    folder = ground.store.parent / "small"
    folder.mkdir(exist_ok=True)
    ground.unmake()
    return folder


def contained(ground: Ground, store: Path, script: str) -> subprocess.CompletedProcess[str]:
    """What a script does in there; `bake` is a build with `$STORE` as its store."""
    python = shlex.quote(sys.executable)
    bake = f"bake() {{ {python} -m builder build {ground.recipe}; }}\n"
    place = {"NODEBAKE_STORE": str(store), "STORE": str(store)}
    return subprocess.run(
        [*CONTAINER, bake + script],
        cwd=ground.project,
        env={**ground.environment(), **place},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def lend(ground: Ground, lender: Path, number: int) -> str:
    """A script that shows in `$STORE` the objects below a step, and all package files."""
    below = [step["id"] for step in ground.steps()[: number - 1]]
    ground.lend(lender, below)
    shown = [f"ln -s {ground.store}/objects/{each} $STORE/objects/" for each in below]
    return "\n".join(["mkdir $STORE/objects", *shown])


def test_a_disk_that_fills_up_is_told_and_with_room_the_build_goes_on(
    ground: Ground, lender: Path, small: Path
) -> None:
    steps = [step["kind"] for step in ground.steps()]
    number = len(steps) - steps[::-1].index("files")
    before = ground.visible()
    done = contained(
        ground,
        small,
        f"""
        mount -t tmpfs -o size=16m,mode=755 none $STORE
        {lend(ground, lender, number)}
        for size in 16m 48m 96m; do
            mount -o remount,size=$size $STORE
            code=0; bake >/dev/null 2>$STORE.said || code=$?
            echo "size $size code $code"; sed -n "/^error:/,\\$p" $STORE.said
            find $STORE/tmp -mindepth 1 ! -name "*.lock"
        done
        {shlex.quote(sys.executable)} -m builder store verify
        """,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    first, second, last = done.stdout.split("size ")[1:]
    full = f"code 3\nerror: no space left on the disk of `{small}`\n"
    look = f"  a shell where it failed: nodebake shell {ground.recipe} --step"
    assert first == f"16m {full}{look} {number}\n{HINT}"
    assert second.startswith(f"48m {full}  `script` ended with 1\n  command: /run/script\n")
    # What `dd` said is not there: the log is on that disk too.
    assert second.endswith(f"{look} {number + 3}\n{HINT}")
    assert last == "96m code 0\n"
    assert [path for path in ground.visible() if path not in before]


@pytest.mark.parametrize("kind", ["ramfs", "overlay"])
def test_a_store_where_no_layers_can_be_made_is_refused_first(ground: Ground, small: Path, kind: str) -> None:
    before = ground.visible()
    options = {
        "ramfs": "",
        "overlay": "-o userxattr,lowerdir=$STORE.l,upperdir=$STORE.u,workdir=$STORE.w",
    }
    done = contained(
        ground,
        small,
        f"""
        mkdir -p $STORE.l $STORE.u $STORE.w
        mount -t {kind} {options[kind]} none $STORE
        chmod 755 $STORE
        code=0; bake || code=$?
        ls $STORE/debs $STORE/objects
        exit $code
        """,
    )
    assert done.returncode == 3, done.stderr
    assert done.stdout.split() == [f"{small}/debs:", f"{small}/objects:"]
    said = done.stderr.splitlines()
    assert said[0] == "error: the store's file system cannot hold overlay layers"
    assert said[-1] == "hint: place the store on ext4, xfs or btrfs: NODEBAKE_STORE=DIR"
    assert len(said) == 3
    assert ground.visible() == before
