# SPDX-License-Identifier: Apache-2.0
"""Nodes, head and mains in one command, in a network namespace where the head really goes silent."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures import ROOT
from tests.needs import needs_tool

pytestmark = pytest.mark.tools

# The network: all addresses on the loopback card; when the head's ssh server ends, so does its address, and
# nobody on the cable has it. What 198.51.100.250 is sent is lost, as at a firewall, and so is what is sent by
# way of it; a router says of 203.0.113.251 that nobody is there. The card `dead` has no link.
_NETWORK = """\
set -e
ip link set lo up
echo 0 0 >/proc/sys/net/ipv4/ping_group_range
echo 2 >/proc/sys/net/ipv4/tcp_syn_retries
for host in 1 2 250; do ip address add 10.42.0.$host/32 dev lo; done
ip link add cable type veth peer name far
ip link set cable up && ip link set far up
ip route add 10.42.0.0/24 dev cable
ip link add void type veth peer name lost
ip link set void up && ip link set lost up
ip address add 198.51.100.1/24 dev void
ip neigh add 198.51.100.250 lladdr 02:00:00:00:00:01 dev void nud permanent
ip route add 203.0.113.0/24 via 198.51.100.250
ip route add unreachable 203.0.113.251
ip link add dead type veth peer name end
ip link set dead up
ip route add 10.43.0.0/24 dev dead
(
    until [ -e "$1/keys/poweroff.10.42.0.250" ]; do sleep 0.05; done
    while [ -e "$1/keys/poweroff.10.42.0.250" ]; do sleep 0.05; done
    ip address del 10.42.0.250/32 dev lo
) >/dev/null 2>&1 &
watcher=$!
code=0
shift
"$@" || code=$?
kill $watcher 2>/dev/null || :
exit $code
"""


def inside(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run words in a network of its own. An ordinary user is himself again within it, as ssh wants it."""
    uid, gid = os.geteuid(), os.getegid()
    user = [] if uid == 0 else ["--user", "--map-root-user"]
    back = [] if uid == 0 else ["unshare", "--user", f"--map-user={uid}", f"--map-group={gid}"]
    return subprocess.run(
        ["unshare", *user, "--net", "sh", "-c", _NETWORK, "sh", str(folder), *back, *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )


@pytest.fixture(scope="module", params=["straight", "through"])
def played(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What happened, with everything within reach and with nodes and control plane behind the head."""
    folder = tmp_path_factory.mktemp("scene")
    done = inside(folder, sys.executable, "-m", "tests.tools.power.scene", str(folder), request.param)
    assert done.returncode == 0, done.stderr
    played: dict[str, Any] = json.loads(done.stdout)
    return played


@needs_tool("sshd", "ip", "ping", "unshare")
def test_the_mains_is_not_cut_while_the_head_runs(played: dict[str, Any]) -> None:
    answer = played["answers"]["while the head runs"]
    assert answer["code"] == 5
    facts = answer["err"].splitlines()
    assert facts[0] == "error: the head `sevastopol` runs: its power is not cut"
    assert facts[1].startswith("  10.42.0.250 answers at port ")
    assert facts[1].endswith(", ssh")
    assert facts[2].endswith(", the control plane")
    assert facts[-1] == "hint: `nodebake power shutdown` shuts down nodes and head first"


@needs_tool("sshd", "ip", "ping", "unshare")
def test_nor_when_nothing_can_be_told(played: dict[str, Any]) -> None:
    answer = played["answers"]["out of reach"]
    assert answer["code"] == 5
    assert answer["err"].startswith(
        "error: whether the head `sevastopol` runs cannot be told from here: its power is not cut\n"
    )


ROUTERS = "203.0.113.250, outside: 203.0.113.251"
FIREWALL = "10.42.0.251, outside: 198.51.100.250"
NO_LINK = "10.43.0.250"
GONE = "10.42.0.251, outside: 203.0.113.250"


@pytest.fixture(scope="module")
def unheard(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What `mains off` answers by the addresses of a head that is silent there; all at once: they wait."""

    def answer(head: str) -> Any:
        folder = tmp_path_factory.mktemp("unheard")
        done = inside(folder, sys.executable, "-m", "tests.tools.power.scene", str(folder), head)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    heads = (ROUTERS, FIREWALL, NO_LINK, GONE)
    with ThreadPoolExecutor() as pool:
        return dict(zip(heads, pool.map(answer, heads), strict=True))


@needs_tool("ip", "ping", "unshare")
@pytest.mark.parametrize(
    ("head", "facts"),
    [
        (ROUTERS, [f"203.0.113.{n} does not answer: down, or kept from answering" for n in (250, 251)]),
        (FIREWALL, ["198.51.100.250 answers nothing, but somebody has that address"]),
        (NO_LINK, ["10.43.0.250 does not answer: down, or kept from answering"]),
    ],
    ids=["routers", "firewall", "no-link"],
)
def test_nor_when_nothing_proves_that_it_is_gone(
    head: str, facts: list[str], unheard: dict[str, Any]
) -> None:
    assert (unheard[head]["code"], unheard[head]["on"]) == (5, True)
    assert unheard[head]["err"].splitlines() == [
        "error: whether the head `sevastopol` runs cannot be told from here: its power is not cut",
        *(f"  {fact}" for fact in facts),
        "hint: ask from the head's own network: there it shows that nobody is at an address",
    ]


@needs_tool("ip", "ping", "unshare")
def test_but_where_nobody_has_its_address(unheard: dict[str, Any]) -> None:
    answer = unheard[GONE]
    assert (answer["code"], answer["on"], answer["out"]) == (0, False, "mains: off\n"), answer["err"]


@needs_tool("sshd", "ip", "ping", "unshare")
def test_nodes_then_head_then_mains(played: dict[str, Any]) -> None:
    answer = played["answers"]["shutdown"]
    assert (answer["code"], answer["out"]) == (0, "2 nodes off, sevastopol off, mains off\n"), answer["err"]
    said = answer["err"].splitlines()
    assert said.index("node01: off, shut down") < said.index("sevastopol: shutting down")
    assert said[-3:] == ["sevastopol: shutting down", "sevastopol: shut down", "mains: off"]
    assert sorted(played["events"][:2]) == ["node01 off", "node02 off"]
    assert played["events"][2:] == ["mains off", "mains on", "mains off"]
    assert played["violations"] == {}


@needs_tool("sshd", "ip", "ping", "unshare")
def test_afterwards(played: dict[str, Any]) -> None:
    answers = played["answers"]
    assert answers["again"]["code"] == 0
    assert answers["again"]["err"] == "mains: off already\n"
    assert answers["after"]["out"] == "mains: off\n"
    assert answers["when the head is off"]["out"] == "mains: on\n"
    assert answers["and off"]["out"] == "mains: off\n"
