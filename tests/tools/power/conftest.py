# SPDX-License-Identifier: Apache-2.0
"""A project, a control plane, nodes: for the tests of the power verbs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from builder.power.simulate.boots import Pace
from tests.tools.power.plane import Plane, simulator
from tests.tools.power.project import Project
from tests.tools.power.rack import DOWN, boot, ssh
from tests.tools.power.sshd import Keys, Server, free_port, server


@pytest.fixture
def project(tmp_path: Path) -> Project:
    root = tmp_path / "project"
    root.mkdir()
    return Project(root)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "dnsmasq.log"
    path.touch()
    return path


@pytest.fixture
def plane(log: Path) -> Iterator[Plane]:
    """A control plane whose nodes boot within a third of a second, as the log shows."""
    with simulator() as plane:
        boot(plane, log, Pace(boot=0.3))
        yield plane


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    folder = tmp_path / "keys"
    folder.mkdir()
    made = Keys(folder)
    made.make("operator")
    return made


@pytest.fixture
def machines(keys: Keys, project: Project, plane: Plane) -> Iterator[list[Server]]:
    """Nodes 1 and 2, on, as real ssh servers; node 3 is on and answers nothing, node 4 is off."""
    port = free_port()
    with ExitStack() as stack:
        made = [stack.enter_context(server(keys, f"127.0.0.{n}", port)) for n in (1, 2)]
        (keys.folder / "known_hosts").write_text(
            "".join(machine.known_as(f"node{n:02}") for n, machine in enumerate(made, 1))
        )
        project.write(url=plane.url, numbers=range(1, 5), ssh=ssh(keys, port), sequence=DOWN)
        plane.plant.on = {1, 2, 3}
        yield made
