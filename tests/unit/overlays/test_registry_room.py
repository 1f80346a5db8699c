# SPDX-License-Identifier: Apache-2.0
"""The head's cache of docker images has its own room, and is emptied before that is full."""

from __future__ import annotations

import pytest

from tests.unit.overlays.machine import Machine

SCRIPT = "head-registry/registry-room"
FILE = "var/lib/nodebake/registry.ext4"
CACHE = "var/lib/docker-registry"


@pytest.fixture
def head(machine: Machine) -> Machine:
    """A head with 64 KiB free, and a cache of two repositories."""
    free(machine, 65536, 40)
    machine.stub("mkfs.ext4")
    machine.stub("systemctl")
    machine.stub("id", "echo 123")
    for name in ("lost+found/x", "docker/registry/v2/blob", "scheduler-state.json"):
        machine.write(f"{CACHE}/{name}", "x")
    return machine


def free(machine: Machine, size: int, used: int) -> None:
    """What df says: bytes that are free, and how full the cache is in per cent."""
    machine.stub(
        "df", f'case "$*" in *avail*) echo Avail; echo {size} ;; *) echo Use%; echo " {used}%" ;; esac'
    )


def left(machine: Machine) -> list[str]:
    return sorted(path.name for path in (machine.root / CACHE).iterdir())


def test_it_is_made_as_large_as_asked_for(head: Machine) -> None:
    done = head.run(SCRIPT, "make", "16K")
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "")
    assert (head.root / FILE).stat().st_size == 16384
    assert any("root_owner=123:123" in call for call in head.called() if call.startswith("mkfs.ext4"))


def test_it_takes_no_more_than_half_of_what_is_free(head: Machine) -> None:
    done = head.run(SCRIPT, "make", "4G")
    assert done.stdout == "4294967296 bytes are more than half of what is free: taking 32768\n"
    assert (head.root / FILE).stat().st_size == 32768


def test_it_is_made_once(head: Machine) -> None:
    head.write(FILE, "as it was")
    assert head.run(SCRIPT, "make", "16K").returncode == 0
    assert head.read(FILE) == "as it was"
    assert head.called() == []


def test_half_made_it_is_made_again(head: Machine) -> None:
    head.stub("mkfs.ext4", "exit 1")
    assert head.run(SCRIPT, "make", "16K").returncode == 1
    assert not (head.root / FILE).exists()
    head.stub("mkfs.ext4")
    assert head.run(SCRIPT, "make", "16K").returncode == 0
    assert (head.root / FILE).stat().st_size == 16384


def test_a_cache_with_room_stays(head: Machine) -> None:
    free(head, 65536, 89)
    assert head.run(SCRIPT, "tidy").returncode == 0
    assert left(head) == ["docker", "lost+found", "scheduler-state.json"]
    assert not [call for call in head.called() if call.startswith("systemctl")]


def test_a_cache_that_is_nearly_full_is_emptied(head: Machine) -> None:
    free(head, 65536, 90)
    done = head.run(SCRIPT, "tidy")
    assert done.stdout == "90 % of the room for docker images are used: emptying it\n"
    assert left(head) == ["lost+found"]
    assert [call for call in head.called() if call.startswith("systemctl")] == [
        "systemctl stop docker-registry.service",
        "systemctl start docker-registry.service",
    ]


def test_usage(head: Machine) -> None:
    done = head.run(SCRIPT)
    assert (done.returncode, done.stderr) == (2, "usage: registry-room make SIZE|tidy\n")
