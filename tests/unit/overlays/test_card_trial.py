# SPDX-License-Identifier: Apache-2.0
"""A system that is tried starts again, unless somebody finds it well."""

from __future__ import annotations

import subprocess
import time

import pytest

from tests.unit.overlays.machine import Machine, script_path

SCRIPT = "card-trial/trial"


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        ("console=tty0 nodebake.trial=7 panic=10", "7"),
        ("nodebake.trial=", "900"),
        ("nodebake.trial=1h", "900"),
        ("nothing", "900"),
    ],
)
def test_it_starts_again_after_its_time(words: str, seconds: str, machine: Machine) -> None:
    machine.stub("sleep")
    machine.stub("systemctl")
    done = machine.run(SCRIPT, NODEBAKE_CMDLINE=str(machine.write("cmdline", f"{words}\n")))
    assert done.returncode == 0, done.stderr
    assert machine.called() == [
        f"sleep {seconds}",
        "systemctl --no-block reboot",
        "sleep 60",
        "systemctl --force --force reboot",
    ]


def test_who_is_found_well_stays(machine: Machine) -> None:
    machine.stub("systemctl")
    words = machine.write("cmdline", "nodebake.trial=60\n")
    with subprocess.Popen(
        ["sh", script_path(SCRIPT)], env=machine.environment(NODEBAKE_CMDLINE=str(words))
    ) as process:
        time.sleep(0.2)
        process.terminate()
        process.wait(timeout=5)
    assert machine.called() == []
