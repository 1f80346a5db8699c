# SPDX-License-Identifier: Apache-2.0
"""What tests of the power verbs set up and run: nodes that boot in a log, logins, `nodebake`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from builder.power.simulate.boots import Boots, Face, Pace
from tests.tools.power.plane import Plane
from tests.tools.power.project import Project
from tests.tools.power.sshd import USER, Keys, poweroff

# Generous where nothing should be late, even on a busy machine; hasty where something is to be.
QUICK = "{up: dhcp, stagger: 0.1, loads_within: 20, up_within: 30, off_for: 0.1, confirm_within: 0.3%s}"
HASTY = QUICK.replace("loads_within: 20", "loads_within: 1")
DOWN = "{down_within: 2, settle: 0.1, confirm_within: 0.3, up_within: 3, stagger: 0, off_for: 0.1}"


def boot(plane: Plane, log: Path, pace: Pace) -> None:
    def write(line: str) -> None:
        with log.open("a") as file:
            file.write(f"{line}\n")

    faces = {n: Face(f"b8:27:eb:00:00:{n:02x}", f"127.0.0.{n}", f"000000{n:02x}") for n in range(1, 61)}
    plane.plant.switched = Boots(pace, faces, write).switched


def told(project: Project, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    capsys.readouterr()
    # How busy this machine is, on which all nodes live, is none of the tests' concern.
    more = ["--force"] if words[0] in ("off", "cycle") else []
    code = project.nodebake("power", *words, *more)
    return code, *capsys.readouterr()


def ssh(keys: Keys, port: int, **more: Any) -> str:
    settings = {
        "port": port,
        "user": USER,
        "key": str(keys.private),
        "known_hosts": str(keys.folder / "known_hosts"),
        "timeout": 2,
        "poweroff": poweroff(keys.folder),
        **more,
    }
    return json.dumps(settings)
