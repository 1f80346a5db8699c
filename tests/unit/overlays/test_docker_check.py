# SPDX-License-Identifier: Apache-2.0
"""A dockerd that runs proves nothing: the driver is compared, and a container must speak."""

from __future__ import annotations

import pytest

from tests.unit.overlays.machine import Machine

SCRIPT = "docker-check/docker-check"
SPEAKS = 'echo "a container runs"'


@pytest.fixture
def node(machine: Machine) -> Machine:
    machine.write("etc/nodebake/docker", "STRATEGY=loop\nDRIVER=overlay2\n")
    machine.stub("tar", "echo an archive")
    machine.stub("ldd", "echo '  libc.so.6 => /lib/libc.so.6 (0x0)'; echo '  /lib/ld.so (0x0)'")
    return machine


def docker(node: Machine, *, driver: str = "overlay2", held: bool = True, runs: str = SPEAKS) -> None:
    node.stub(
        "docker",
        f'case "$1 $2" in info*) echo {driver} ;; "image inspect") {"true" if held else "false"} ;;'
        f" import*) cat >/dev/null ;; run*) {runs} ;; esac",
    )


def asked(node: Machine) -> list[str]:
    return [call.split()[1] for call in node.called() if call.startswith("docker ")]


def test_a_container_runs(node: Machine) -> None:
    docker(node)
    done = node.run(SCRIPT)
    assert (done.returncode, done.stdout) == (0, "a container runs, with the storage driver overlay2\n")
    assert asked(node) == ["info", "image", "run"]


def test_its_image_is_made_of_the_nodes_own_program(node: Machine) -> None:
    docker(node, held=False)
    assert node.run(SCRIPT).returncode == 0
    assert "tar -C / -ch usr/bin/echo lib/libc.so.6 lib/ld.so" in node.called()
    assert "docker import - nodebake/check" in node.called()


def test_another_driver_fails(node: Machine) -> None:
    docker(node, driver="vfs")
    done = node.run(SCRIPT)
    assert done.returncode == 1
    assert done.stderr == "docker runs with the storage driver `vfs`, and `overlay2` was asked for\n"


def test_a_container_that_does_not_run_fails(node: Machine) -> None:
    docker(node, runs='echo "read-only file system"; exit 125')
    done = node.run(SCRIPT)
    assert done.returncode == 1
    assert done.stderr == (
        "docker runs no container with the storage driver `overlay2`: read-only file system\n"
    )


def test_half_an_image_is_made_again(node: Machine) -> None:
    mark = node.root / "imported"
    docker(node, runs=f'[ -e "{mark}" ] && {SPEAKS}; touch "{mark}"')
    assert node.run(SCRIPT).returncode == 0
    assert asked(node) == ["info", "image", "run", "image", "import", "run"]
