# SPDX-License-Identifier: Apache-2.0
"""Builds share the store; who removes has it alone."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest

from builder.errors import Exit, RefusedError
from builder.store.hold import alone, shared


def never() -> None:
    raise AssertionError("waits")


def test_builds_share_it(tmp_path: Path) -> None:
    with shared(tmp_path, never), shared(tmp_path, never):
        pass


def test_nobody_else_may_be_at_work(tmp_path: Path) -> None:
    with shared(tmp_path, never), pytest.raises(RefusedError) as caught, alone(tmp_path):
        pass
    assert caught.value.exit == Exit.REFUSED
    assert caught.value.render() == (
        f"error: somebody is at work in the store `{tmp_path}`\n"
        "  nothing is removed while a build may need it\n"
        "hint: try again when it has ended"
    )


def test_who_is_first_sweeps_and_who_joins_does_not(tmp_path: Path) -> None:
    swept: list[str] = []
    with (
        shared(tmp_path, never, lambda: swept.append("first")),
        shared(tmp_path, never, lambda: swept.append("second")),
    ):
        assert swept == ["first"]


def test_nobody_joins_while_it_is_swept(tmp_path: Path) -> None:
    def sweep() -> None:
        with pytest.raises(RefusedError), alone(tmp_path):
            pass

    with shared(tmp_path, never, sweep):
        pass


def test_it_is_free_afterwards(tmp_path: Path) -> None:
    with shared(tmp_path, never):
        pass
    with alone(tmp_path):
        pass
    with shared(tmp_path, never):
        pass


def test_a_build_waits_and_says_so(tmp_path: Path) -> None:
    with (tmp_path / "lock").open("a") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        told: list[str] = []

        def waiting() -> None:
            told.append("waiting")
            fcntl.flock(other, fcntl.LOCK_UN)

        with shared(tmp_path, waiting):
            assert told == ["waiting"]
