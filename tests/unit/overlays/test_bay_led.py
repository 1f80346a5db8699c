# SPDX-License-Identifier: Apache-2.0
"""The bay LED tells how the node is."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.unit.overlays.machine import Machine, script_path

SCRIPT = "bay-led/bay-led"
FLASH = "gpioset --chip gpiochip1 --toggle 500ms 21=1"
ON = "gpioset --chip gpiochip1 21=1"


@pytest.fixture
def bay(machine: Machine) -> Machine:
    """A Pi 4: the chip with the header's pins is not the first that is listed."""
    chips(machine, "gpiochip0 [raspberrypi-exp-gpio] (8 lines)", "gpiochip1 [pinctrl-bcm2711] (58 lines)")
    machine.stub("gpioset", 'case "$*" in *"--toggle 0 "*) ;; *) exec sleep 60 ;; esac')
    healthy(machine, "running")
    return machine


def chips(machine: Machine, *lines: str) -> None:
    machine.stub("gpiodetect", "".join(f"echo '{line}'\n" for line in lines))


def healthy(machine: Machine, state: str) -> None:
    """What systemd says; all but `running` also is a failure of systemctl."""
    machine.write("state", state)
    machine.stub(
        "systemctl", f'read -r state <"{machine.root}/state" || :\necho "$state"\n[ "$state" = running ]'
    )


@contextmanager
def running(machine: Machine) -> Iterator[subprocess.Popen[str]]:
    """The script at work, looking every tenth of a second."""
    with subprocess.Popen(
        ["sh", script_path(SCRIPT), "run"],
        env=machine.environment(BAY_LED_SECONDS="0.1"),
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.terminate()
            process.wait(10)


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not true():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)


def shown(machine: Machine) -> list[str]:
    return [call for call in machine.called() if call.startswith("gpioset")]


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        (["gpiochip0 [pinctrl-bcm2835] (54 lines)"], 0),
        (["gpiochip0 [pinctrl-bcm2711] (58 lines)", "gpiochip1 [raspberrypi-exp-gpio] (8 lines)"], 0),
        (["gpiochip0 [9030000.pl061] (8 lines)"], 1),
        ([], 1),
    ],
)
def test_a_machine_without_the_chip_is_skipped(machine: Machine, lines: list[str], code: int) -> None:
    chips(machine, *lines)
    assert machine.run(SCRIPT, "present").returncode == code


def test_a_machine_without_the_programs_is_skipped(machine: Machine) -> None:
    machine.stub("gpiodetect", "exit 127")
    assert machine.run(SCRIPT, "present").returncode == 1


def test_off(bay: Machine) -> None:
    assert bay.run(SCRIPT, "off").returncode == 0
    assert shown(bay) == ["gpioset --chip gpiochip1 --toggle 0 21=0"]


def test_off_without_the_chip_is_no_fault(machine: Machine) -> None:
    chips(machine)
    assert machine.run(SCRIPT, "off").returncode == 0


def test_a_healthy_node_flashes_and_a_failed_service_stops_that(bay: Machine) -> None:
    healthy(bay, "starting")
    with running(bay):
        until(lambda: shown(bay) == [ON])
        bay.write("state", "running\n")
        until(lambda: shown(bay) == [ON, FLASH])
        bay.write("state", "degraded\n")
        until(lambda: shown(bay) == [ON, FLASH, ON])


def test_a_signal_ends_it_at_once_and_well(bay: Machine) -> None:
    with running(bay) as process:
        until(lambda: shown(bay) == [FLASH])
        process.terminate()
        assert process.wait(5) == 0


def test_a_line_that_somebody_else_holds_is_told(bay: Machine) -> None:
    bay.stub("gpioset", "exit 1")
    with running(bay) as process:
        assert process.wait(10) == 1
        assert process.stderr is not None
        assert "nobody holds line 21 of gpiochip1" in process.stderr.read()


def test_usage(machine: Machine) -> None:
    chips(machine)
    done = machine.run(SCRIPT)
    assert (done.returncode, done.stderr) == (2, "usage: bay-led present|run|off\n")
