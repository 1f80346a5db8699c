# SPDX-License-Identifier: Apache-2.0
"""A system that is booted for once has its card boot something else the next time (tests/deploy: how)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.overlays.machine import OVERLAYS, Machine

SCRIPT = OVERLAYS / "card-once/usr/share/initramfs-tools/scripts/init-premount/nodebake-once"


@pytest.fixture
def early(machine: Machine) -> Machine:
    """A machine whose initramfs is at work, and whose card is not there."""
    for program in ("mount", "umount", "modprobe", "sleep"):
        machine.stub(program)
    return machine


def run(machine: Machine, words: str) -> tuple[int, str]:
    """The exit code, and what the kernel's log got."""
    log = machine.root / "kmsg"
    places = {
        "NODEBAKE_CMDLINE": str(machine.write("cmdline", words)),
        "NODEBAKE_KMSG": str(log),
        "NODEBAKE_PART": str(machine.root / "mmcblk0p1"),
        "NODEBAKE_RUN": str(machine.root / "run"),
    }
    done = machine.run_file(str(SCRIPT), **places)
    assert done.stderr == ""
    return done.returncode, log.read_text() if log.exists() else ""


@pytest.mark.parametrize(
    "words", ["root=/dev/mmcblk0p2", "nodebake.once=1", "xnodebake.once nodebake.trial=900"]
)
def test_whoever_boots_to_stay_writes_nothing(words: str, early: Machine) -> None:
    assert run(early, f"{words} quiet\n") == (0, "")
    assert early.called() == []


def test_a_card_that_does_not_come_is_waited_for_and_told_of(early: Machine) -> None:
    code, told = run(early, "quiet nodebake.once\n")
    assert code == 0
    assert told.startswith("<3>nodebake: there is no ")
    assert early.called() == ["sleep 1"] * 30


def test_the_order_of_the_initramfs_s_scripts_is_asked_first(early: Machine) -> None:
    done = early.run_file(str(SCRIPT), "prereqs", NODEBAKE_CMDLINE=str(Path("/nowhere")))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
