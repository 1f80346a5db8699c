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
WANTED = ("default.target", "  docker.service", "  ssh.service", "  timers.target", "    fstrim.timer")


@pytest.fixture
def bay(machine: Machine) -> Machine:
    """A Pi 4: the chip with the header's pins is not the first that is listed."""
    chips(machine, "gpiochip0 [raspberrypi-exp-gpio] (8 lines)", "gpiochip1 [pinctrl-bcm2711] (58 lines)")
    gpioset(machine, "v2.2.1", '*"--toggle 0 "*) ;; *) exec sleep 60 ;;')
    failed(machine)
    return machine


@pytest.fixture
def bookworm(bay: Machine) -> Machine:
    """The same with libgpiod 1, which holds a line only for a time or until a signal."""
    gpioset(bay, "v1.6.3", "*=time*) exec sleep 0.05 ;; *=signal*) exec sleep 60 ;;")
    return bay


def gpioset(machine: Machine, version: str, cases: str) -> None:
    version_case = f'--version) echo "gpioset (libgpiod) {version}" ;;'
    machine.stub("gpioset", f'case "$*" in {version_case} {cases} esac')


def chips(machine: Machine, *lines: str) -> None:
    machine.stub("gpiodetect", "".join(f"echo '{line}'\n" for line in lines))


def failed(machine: Machine, *units: str) -> None:
    """What systemd says has failed."""
    machine.write("failed", "".join(f"{unit} loaded failed failed Something\n" for unit in units))
    listed = "".join(f"echo '{line}'; " for line in WANTED)
    machine.stub(
        "systemctl",
        f'case "$1" in list-dependencies) {listed} ;; list-units) cat "{machine.root}/failed" ;; esac',
    )


@contextmanager
def running(machine: Machine, **more: str) -> Iterator[subprocess.Popen[str]]:
    """The script at work, looking every tenth of a second."""
    with subprocess.Popen(
        ["sh", script_path(SCRIPT), "run"],
        env=machine.environment(BAY_LED_SECONDS="0.1", **more),
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


def looks(machine: Machine) -> int:
    return sum(call.startswith("systemctl list-units") for call in machine.called())


def shown(machine: Machine) -> list[str]:
    calls = [call for call in machine.called() if call.startswith("gpioset")]
    return [call for call in calls if not call.endswith("--version")]


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


def test_a_healthy_node_flashes_until_a_service_of_the_boot_fails(bay: Machine) -> None:
    with running(bay):
        until(lambda: shown(bay) == [FLASH])
        failed(bay, "docker.service")
        until(lambda: shown(bay) == [FLASH, ON])
        failed(bay)
        until(lambda: shown(bay) == [FLASH, ON, FLASH])


def test_what_the_boot_did_not_ask_for_does_not_count(bay: Machine) -> None:
    failed(bay, "fstrim.service", "run-u7.service")
    with running(bay):
        until(lambda: looks(bay) > 2)
    assert shown(bay)[0] == FLASH
    assert ON not in shown(bay)


def test_what_is_ignored_does_not_count(bay: Machine) -> None:
    failed(bay, "docker.service")
    with running(bay, BAY_LED_IGNORE="a.service docker.service"):
        until(lambda: looks(bay) > 2)
    assert ON not in shown(bay)


def test_a_systemd_that_does_not_answer_is_not_healthy(bay: Machine) -> None:
    (bay.root / "failed").unlink()
    with running(bay):
        until(lambda: shown(bay) == [ON])


def test_a_look_asks_systemd_once(bay: Machine) -> None:
    with running(bay):
        until(lambda: looks(bay) > 3)
        calls = bay.called()
    assert sum(call.startswith("systemctl") for call in calls) == looks(bay) + 1
    assert shown(bay) == [FLASH]


def test_libgpiod_1_flashes_by_halves(bookworm: Machine) -> None:
    half = "gpioset --mode=time --usec=500000 gpiochip1 21="
    with running(bookworm):
        until(lambda: shown(bookworm)[:3] == [f"{half}1", f"{half}0", f"{half}1"])
        failed(bookworm, "ssh.service")
        until(lambda: shown(bookworm)[-1] == "gpioset --mode=signal gpiochip1 21=1")
    assert bookworm.run(SCRIPT, "off").returncode == 0
    assert shown(bookworm)[-1] == "gpioset gpiochip1 21=0"


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
