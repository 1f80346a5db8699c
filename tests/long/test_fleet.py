# SPDX-License-Identifier: Apache-2.0
"""Sixty nodes, each a real ssh server with a key of its own: straight, and by way of a head."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.needs import needs_tool
from tests.tools.fleet.conftest import Machines, Site, hanging, site_of
from tests.tools.power.sshd import Keys, free_port, server

pytestmark = [pytest.mark.tools, needs_tool("sshd", "ssh-keygen")]
NODES = 60
HANGS = 60
HEAD = "127.0.3.250"


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    keys, port = Keys(tmp_path_factory.mktemp("keys")), free_port()
    keys.make("operator")
    with ExitStack() as stack:
        stack.enter_context(hanging(f"127.0.3.{HANGS}", port))
        servers = {n: stack.enter_context(server(keys, f"127.0.3.{n}", port)) for n in range(1, HANGS)}
        servers[0] = stack.enter_context(server(keys, HEAD, port))
        yield keys, port, servers


@pytest.fixture
def site(tmp_path: Path, machines: Machines, capsys: pytest.CaptureFixture[str]) -> Site:
    made, servers = site_of(tmp_path, machines, capsys), machines[2]
    made.write(range(1, NODES + 1), timeout=10)
    made.know(
        servers[0].known_as("sevastopol"),
        *(servers[n].known_as(f"node{n:02}") for n in range(1, HANGS)),
        servers[1].known_as(f"node{HANGS}"),
    )
    return made


@pytest.mark.parametrize("way", ["straight", "jump"])
def test_sixty_at_once(site: Site, way: str) -> None:
    jump = ["--jump"] if way == "jump" else []
    began = time.monotonic()
    said = site.call("run", "@all!60", *jump, "--", "echo", "well")
    assert (said.code, said.out) == (0, "--- node[01-59] (59 of 59)\nwell\n"), said.err
    # Ten times what it takes on two cores that are busy with the servers, too.
    assert time.monotonic() - began < 30
    said = site.call("run", "@all", *jump, "--", "echo", "well")
    assert (said.code, said.out.splitlines()[:2]) == (1, ["--- node[01-59] (59 of 60)", "well"])
    assert "error: 1 of 60 nodes failed\n  node60: no ssh: " in said.err
