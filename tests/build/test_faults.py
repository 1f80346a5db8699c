# SPDX-License-Identifier: Apache-2.0
"""A build interrupted or killed in a step of each kind leaves nothing behind, and the next one finishes.

What a run of the tests has built already is lent to the store of these tests, so each hit runs only the
step that it hits. tests/long/test_faults.py does the same from an empty store.
"""

from __future__ import annotations

import random
import signal
import subprocess
from pathlib import Path

import pytest

from builder.store import hold
from tests.faults import OWNER, SIGNALS, Ground, check_hit, rest, until_started
from tests.needs import needs_tool

pytestmark = [pytest.mark.build, pytest.mark.archive, needs_tool("unshare")]

# The first and the last second at which the step of a kind is hit.
DELAYS = {
    "helper": (0.0, 3.0),
    "packages": (0.0, 6.0),
    "firmware": (0.0, 6.0),
    "files": (0.0, 0.1),
    "users": (0.0, 0.3),
    "units": (0.0, 0.5),
    "script": (0.0, 1.0),
    "finish": (0.0, 0.02),
    "image": (0.0, 4.0),
}
_SEED = 20


@pytest.mark.parametrize("how", SIGNALS, ids=lambda how: how.name)
@pytest.mark.parametrize("kind", DELAYS)
def test_a_build_that_is_hit_leaves_nothing(
    ground: Ground, lender: Path, kind: str, how: signal.Signals
) -> None:
    steps = ground.steps()
    number = max(n for n, step in enumerate(steps, 1) if step["kind"] == kind)
    below = [step["id"] for step in steps[: number - 1] if (lender / "objects" / step["id"]).is_dir()]
    ground.lend(lender, below)
    ground.drop([step["id"] for step in steps[number - 1 :]])
    ground.unmake()
    before = ground.objects()
    delay = random.Random(f"{_SEED} {kind} {how}").uniform(*DELAYS[kind])
    ended = ground.hit(number, how, delay)
    check_hit(ground, ended, how, number, before)


def test_the_next_build_sweeps_and_finishes(ground: Ground) -> None:
    (ground.store / "debs" / f"{'0' * 64}.1.part").write_bytes(b"half")
    (ground.store / "tools/dispatch.1").write_bytes(b"half")
    (ground.store / "plans/.minimal.1").write_bytes(b"half")
    ground.hit(
        max(n for n, step in enumerate(ground.steps(), 1) if step["kind"] == "script"), signal.SIGKILL, 0
    )
    assert ground.half_done() != []
    ended = ground.build()
    assert (ended.code, ended.errors) == (0, [])
    assert ground.half_done() == []
    (made,) = ground.made()
    assert (made.parent / "latest").readlink() == Path(made.name)
    assert (made.parent / "19700101-former/manifest.json").read_text() == "{}\n"
    verified = ground.call("store", "verify")
    assert verified.returncode == 0, verified.stdout


def test_a_build_beside_another_leaves_what_is_being_fetched(ground: Ground) -> None:
    partial = ground.store / "debs" / f"{'0' * 64}.1.part"
    partial.write_bytes(b"half")
    ground.unmake()
    with hold.shared(ground.store, lambda: None):
        ground.hit(len(ground.steps()), signal.SIGINT, 0)
    assert partial.exists()
    ground.hit(len(ground.steps()), signal.SIGINT, 0)
    assert not partial.exists()


def test_of_two_builds_the_other_finishes_when_one_is_killed(ground: Ground, tmp_path: Path) -> None:
    steps = ground.steps()
    number = next(n for n, step in enumerate(steps, 1) if step["kind"] == "script")
    ground.drop([step["id"] for step in steps[number - 1 :]])
    ground.unmake()
    # They share the store; into one output the second would wait for the first.
    with ground.start(tmp_path) as one, ground.start() as other:
        for process in (one, other):
            until_started(process, number)
        one.kill()
        events = rest(other)
        assert (other.wait(), [event for event in events if event["event"] == "error"]) == (0, [])
    assert ground.half_done() == []
    assert len(ground.made()) == 1
    verified = ground.call("store", "verify")
    assert verified.returncode == 0, verified.stdout


def test_a_corrupted_object_is_found_and_made_again(ground: Ground) -> None:
    assert ground.build().code == 0
    (made,) = ground.made()
    sums = (made / "SHA256SUMS").read_text()
    step = next(step for step in reversed(ground.steps()) if step["kind"] == "files")
    path = ground.store / "objects" / step["id"] / "delta/usr/share/hit/0"
    subprocess.run([*OWNER, "dd", "if=/dev/zero", f"of={path}", "count=1", "conv=notrunc"], check=True)
    found = ground.call("store", "verify")
    assert found.returncode == 1
    assert "changed: /usr/share/hit/0 (mtime, sha256)\n" in found.stdout
    assert ground.call("store", "verify", "--repair").returncode == 0
    assert step["id"] not in ground.objects()
    ground.unmake()
    assert ground.build().code == 0
    assert ground.call("store", "verify").returncode == 0
    assert (made / "SHA256SUMS").read_text() == sums


def test_a_step_that_fails_is_named_and_a_shell_shows_its_tree(ground: Ground) -> None:
    script = ground.project / "overlays/to-be-hit.sh"
    script.write_text("#!/bin/sh\necho so it is\nexit 3\n")
    number = next(n for n, step in enumerate(ground.steps(), 1) if step["kind"] == "script")
    before = ground.visible()
    ended = ground.build()
    assert (ended.code, ground.visible()) == (1, before)
    (error,) = ended.errors
    assert error["message"] == "`script` ended with 3"
    look = f"nodebake shell {ground.recipe} --step {number}"
    assert error["facts"] == ["command: /run/script", "| so it is", f"a shell where it failed: {look}"]
    assert Path(error["hint"].removeprefix("the whole log: ")).read_text() == "so it is\n"
    assert ground.half_done() == []
    shell = ground.call(*look.split()[1:], stdin="grep -c ^guest /etc/passwd; ls -d /var/hit\n")
    assert shell.stdout == "12\n", shell.stderr
    assert "cannot access '/var/hit'" in shell.stderr
