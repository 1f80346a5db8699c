# SPDX-License-Identifier: Apache-2.0
"""The bay LED on the emulated Pi 3, whose pins are looked at from outside: by the emulator's own register."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from builder.boot.built import image_of
from builder.host.scratch import scratch
from tests.boot.guest import Shell, booted
from tests.boot.timing import BOOTS
from tests.fixtures import Site
from tests.needs import needs_tool

RECIPE = """\
format: 1
summary: the least that has a bay LED
include: [minimal]
layers:
  - packages: [gpiod]
  - files: bay-led
  - services: {enable: [bay-led.service]}
outputs:
  image: {free: 64M}
"""
# The level of the first 32 pins, in the memory of a BCM2837.
LEVELS = 0x3F200034
PIN = 21
# Three times what was measured on two busy cores.
SSH_SECONDS = 1500
SETTLED_SECONDS = 600

pytestmark = [pytest.mark.boot, needs_tool("qemu-system-aarch64", "qemu-img", "mcopy", "ssh")]


@dataclass(frozen=True)
class Bay:
    """A node with its LED. `monitor` is the emulator's own prompt."""

    shell: Shell
    monitor: Path

    def lit(self) -> bool:
        """Whether there is voltage on the pin."""
        with socket.socket(socket.AF_UNIX) as talk:
            talk.connect(str(self.monitor))
            stream = talk.makefile("rw")
            stream.readline()
            for command, arguments in (
                ("qmp_capabilities", {}),
                ("human-monitor-command", {"command-line": f"xp /1wx {LEVELS}"}),
            ):
                stream.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
                stream.flush()
                answer = json.loads(stream.readline())
                while "return" not in answer:
                    answer = json.loads(stream.readline())
        return bool(int(answer["return"].split()[1], 16) >> PIN & 1)

    def watched(self, seconds: float) -> list[bool]:
        """What one sees of it, ten times a second."""
        seen = []
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            seen.append(self.lit())
            time.sleep(0.1)
        return seen


@pytest.fixture(scope="module")
def bay(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bay]:
    (site.root / "recipes/bay.yaml").write_text(RECIPE)
    folder = Path(site.built("bay")["manifest"]).parent
    image = image_of(site.manifest("bay"), folder)
    with scratch("monitor") as here:
        monitor = here / "qmp"
        words = ("-qmp", f"unix:{monitor},server=on,wait=off")
        with booted(image, "raspi3b", tmp_path_factory.mktemp("bay"), words) as guest:
            bay = Bay(Shell(guest, "admin", site.key), monitor)
            guest.until(monitor.exists, "monitor", seconds=60, pause=0.1)
            assert not any(bay.watched(20)), "it is lit while the node boots"
            BOOTS["bay on raspi3b answers ssh"] = guest.until(bay.shell.answers, "ssh", seconds=SSH_SECONDS)
            bay.shell.tell("systemctl is-system-running --wait || true", seconds=SETTLED_SECONDS)
            yield bay


def test_it_flashes_once_a_second_when_the_node_is_healthy(bay: Bay) -> None:
    bay.shell.guest.until(bay.lit, "light", seconds=SSH_SECONDS + SETTLED_SECONDS)
    seen = bay.watched(20)
    changes = sum(one != other for one, other in pairwise(seen))
    # Two changes a second, as well as an emulated board can keep time.
    assert 20 <= changes <= 44, seen
    assert 0.3 < seen.count(True) / len(seen) < 0.7


def test_looking_costs_little(bay: Bay) -> None:
    def used() -> int:
        said = bay.shell.tell("systemctl show bay-led --property CPUUsageNSec")
        return int(re.sub(r"\D", "", said))

    before, began = used(), time.monotonic()
    time.sleep(60)
    share = (used() - before) / 1e9 / (time.monotonic() - began)
    # An emulated processor is several times slower than a real one.
    BOOTS[f"the bay LED takes {share:.1%} of an emulated processor; this was known"] = (
        bay.shell.guest.seconds()
    )
    assert share < 0.1


def test_only_what_the_boot_asked_for_makes_it_steady(bay: Bay) -> None:
    bay.shell.tell("sudo systemd-run --unit=stray false; sleep 15; systemctl is-failed stray", seconds=300)
    assert len(set(bay.watched(5))) == 2
    folder = "/run/systemd/system/nodebake-grow-root.service.d"
    failing = "[Service]\\nExecStart=\\nExecStart=/bin/false\\n"
    write = f"sudo mkdir -p {folder}; printf '{failing}' | sudo tee {folder}/failing.conf"
    restart = "sudo systemctl daemon-reload; sudo systemctl restart nodebake-grow-root || true"
    bay.shell.tell(f"{write}; {restart}", seconds=300)
    limit = bay.shell.guest.seconds() + 300
    bay.shell.guest.until(lambda: set(bay.watched(5)) == {True}, "steady light", seconds=limit)


def test_it_is_dark_when_the_node_goes_down(bay: Bay) -> None:
    bay.shell.tell("sudo systemctl stop bay-led", seconds=200)
    assert not any(bay.watched(3))
