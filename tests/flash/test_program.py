# SPDX-License-Identifier: Apache-2.0
"""The one file that goes to a node, run as it is there: on a device, little memory, no room on disk."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from builder.flash.agent.order import Order
from builder.flash.pack import packed
from tests.flash.conftest import Ground
from tests.flash.ground import MIB, Tiny, blank, dirty, node_root
from tests.needs import needs_tool

needs_loop = pytest.mark.skipif(
    os.geteuid() != 0 or not Path("/dev/loop-control").exists(), reason="only root makes loop devices"
)
pytestmark = [needs_tool("ssh-keygen", "losetup"), needs_loop]
LARGE = Tiny(size=96 * MIB, files=20_000)


def as_json(given: Order) -> str:
    fields = asdict(given)
    fields["identity"] = {"root": given.identity.root, "files": given.identity.files}
    return json.dumps({"format": 1, **fields, "secrets": {"wifi": "c2VjcmV0"}})


@contextmanager
def device(card: Path) -> Iterator[str]:
    made = subprocess.run(["losetup", "--find", "--show", card], check=True, capture_output=True, text=True)
    try:
        yield made.stdout.strip()
    finally:
        subprocess.run(["losetup", "--detach", made.stdout.strip()], check=True)


def run(folder: Path, order: str, *before: str) -> tuple[int, list[dict[str, Any]], int]:
    """Exit code, answers, and the most memory that it had, in bytes."""
    program = folder / "flash.pyz"
    program.write_bytes(packed())
    argv = [*before, sys.executable, "-I", str(program), "-"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as started:
        assert started.stdin
        assert started.stdout
        started.stdin.write(order)
        started.stdin.close()
        answers, most = [], 0
        for line in started.stdout:
            answers.append(json.loads(line))
            most = max(most, memory(started.pid))
    return started.returncode, answers, most


def memory(process: int) -> int:
    """The most that a process has had so far; 0 when it has ended."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM")), 0)


def test_on_a_device_within_64_mib(ground: Ground, tmp_path: Path) -> None:
    card = dirty(tmp_path / "card", 100 * MIB)
    with device(card) as path:
        given = ground.order(LARGE, Path(path), node_root(tmp_path / "root"))
        code, answers, most = run(tmp_path, as_json(given))
    assert code == 0, answers[-1]
    assert {each["event"] for each in answers[:-1]} == {"progress"}
    receipt = answers[-1]
    assert (receipt["event"], receipt["format"], receipt["outcome"]) == ("receipt", 1, "written")
    assert receipt["written"] > LARGE.size / 2
    assert card.read_bytes()[9 * MIB : LARGE.size] == LARGE.image[9 * MIB :]
    assert 8 * MIB < most <= 64 * MIB


def test_nothing_is_needed_of_a_disk(ground: Ground, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    with device(blank(tmp_path / "card", 20 * MIB)) as path:
        given = as_json(ground.order(Tiny(), Path(path), node_root(tmp_path / "root")))
        script = 'mount -t tmpfs -o size=4k full "$0"; head -c 4096 /dev/zero >"$0/all"; TMPDIR=$0 exec "$@"'
        code, answers, _ = run(
            tmp_path, given, "unshare", "--mount", "sh", "-euc", script, str(tmp_path / "full")
        )
    assert code == 0, answers[-1]


def test_a_device_in_use(ground: Ground, tmp_path: Path) -> None:
    with device(blank(tmp_path / "card", 20 * MIB)) as path:
        given = as_json(ground.order(Tiny(), Path(path)))
        held = os.open(path, os.O_RDONLY | os.O_EXCL)
        try:
            code, answers, _ = run(tmp_path, given)
        finally:
            os.close(held)
    assert code == 5
    assert answers == [
        {
            "event": "error",
            "message": f"`{path}` is in use",
            "facts": ["it is mounted, or something else holds it"],
            "hint": f"unmount it: `lsblk {path}` shows what of it is mounted",
            "exit": 5,
        }
    ]


def test_an_order_that_is_none(ground: Ground, tmp_path: Path) -> None:
    given = replace(ground.order(Tiny(), blank(tmp_path / "card", MIB)))
    text = as_json(given).replace('"format": 1', '"format": 2')
    assert run(tmp_path, text)[1][0]["message"] == "the order is of a format that this flasher does not read"
    text = as_json(replace(given, keep_data=None)).replace("c2VjcmV0", "c2VjcmV0x")  # type: ignore[arg-type]
    code, answers, _ = run(tmp_path, text)
    assert (code, answers[0]["message"]) == (2, "the order is not whole")
