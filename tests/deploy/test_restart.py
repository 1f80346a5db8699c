# SPDX-License-Identifier: Apache-2.0
"""`rollback --restart`, with a control plane that switches the nodes' power: the simulator's."""

from __future__ import annotations

import re
from pathlib import Path

from builder.power.simulate.boots import Boots, Pace, made_up
from tests.deploy.conftest import CLUSTER, Operator, made, trust
from tests.head.ground import node
from tests.head.release import Tiny
from tests.needs import needs_tool
from tests.tools.power.plane import simulator
from tests.tools.power.rack import QUICK

pytestmark = needs_tool("sshd", "ssh-keygen", "dnsmasq", "zstd")

FIRST = Tiny()
SECOND = Tiny(version="20260201-bbbbbbbb", epoch=1769904000)


def test_the_node_boots_the_former_pair_at_once(operator: Operator, tmp_path: Path) -> None:
    log = tmp_path / "dnsmasq.log"
    log.touch()

    def write(line: str) -> None:
        with log.open("a") as file:
            file.write(f"{line}\n")

    trust(operator)
    for tiny in (FIRST, SECOND):
        made(operator, tiny)
        assert operator.ask("publish tiny").code == 0
    with simulator() as plane:
        boots: list[tuple[int, bool, str]] = []
        pace = Boots(Pace(boot=0.3), {n: made_up(n) for n in (1, 2)}, write)

        def switched(number: int, on: bool) -> None:
            """What the node's directory leads to at that instant is what it boots."""
            boots.append((number, on, operator.ground.whole(node(number))))
            pace.switched(number, on)

        plane.plant.on = {1, 2}
        plane.plant.switched = switched
        power = (
            "power:\n"
            f'  bladerunner: {{driver: bladerunner, url: "{plane.url}", timeout: 1}}\n'
            f"  sequence: {QUICK % ''}\n"
            f"  log: {{file: {log}}}\n"
            "ssh: {timeout: 1}\n"
        )
        text = CLUSTER.replace("network: lan}", "network: lan, power: bladerunner}")
        (operator.root / "cluster.yaml").write_text(text.replace("defaults:", f"{power}defaults:"))
        said = operator.ask("rollback node02 --restart")
        assert said.code == 0, said.err
        assert re.fullmatch(r"node02  up       \d+ s\n1 of 1 up\n", said.out)
        assert boots == [(2, False, FIRST.version), (2, True, FIRST.version)]
        assert plane.no_violations()
    # The other one boots what it booted.
    assert operator.ground.whole(node(1)) == SECOND.version
