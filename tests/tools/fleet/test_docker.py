# SPDX-License-Identifier: Apache-2.0
"""Docker onto a root made by hand and off it again: over a real ssh server, on a root in a folder."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from builder.cli.docker import load
from tests.needs import needs_tool
from tests.tools.fleet.conftest import Site
from tests.unit.overlays.machine import Machine
from tests.unit.rules.source import ROOT

pytestmark = [pytest.mark.tools, needs_tool("sshd", "ssh-keygen", "tar")]
SCRIPT = ROOT / "builder/fleet/node/docker.sh"
STATE = "var/lib/nodebake/docker"
HAND_MADE = '{"log-driver": "none"}\n'


@pytest.fixture
def node(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Node 1: its root is a folder, and its programs note what they are told."""
    for folder in ("root", "stubs"):
        (tmp_path / folder).mkdir()
    (site.root / "overlays").symlink_to(ROOT / "overlays")
    machine = Machine(tmp_path / "root", tmp_path / "stubs", tmp_path / "calls")
    for program in ("apt-get", "apt-cache", "journalctl"):
        machine.stub(program)
    machine.stub("systemctl", "case $* in *is-failed*) exit 1 ;; esac")
    machine.stub("dpkg-query", "case $* in *ca-certificates) printf installed ;; *) exit 1 ;; esac")
    machine.stub("findmnt", "echo '10.42.0.250:/pxe/root_node01  nfs'")
    machine.stub("docker", "case $* in ps*) ;; info*) echo driver=overlay2 ;; esac")
    machine.write("proc/cmdline", "root=/dev/nfs nfsroot=10.42.0.250:/pxe/root_node01\n")
    machine.write("sys/fs/cgroup/cgroup.controllers", "cpu io memory\n")
    machine.write("etc/docker/daemon.json", HAND_MADE)
    text = SCRIPT.read_text().replace("root=$1 ", f"root={machine.root} PATH={machine.stubs}:$PATH ")
    for verb in ("install", "remove"):
        monkeypatch.setattr(f"builder.cli.docker.{verb}.script", lambda _: text)
    monkeypatch.setattr("builder.cli.docker.install.STAGE", str(machine.root / STATE / "stage"))
    return machine


def test_installed_and_taken_off_again(site: Site, node: Machine) -> None:
    said = site.call("docker", "install", "1", "--strategy", "loop")
    assert (said.code, said.out) == (0, "node01: docker runs containers, its data: loop\n"), said.err
    assert node.read("etc/nodebake/docker") == (
        "STRATEGY=loop\nDRIVER=overlay2\nFOLDER=127.0.3.250:/pxe/nodes/$(uname -n)/docker\n"
    )
    assert json.loads(node.read("etc/docker/daemon.json"))["data-root"] == "/srv/docker/docker"
    assert (node.root / "usr/lib/nodebake/docker-data").stat().st_mode & 0o111 == 0o111
    # The files were there when docker's package was installed, and nothing is installed that is there.
    calls = node.called()
    install = next(call for call in calls if call.startswith("apt-get install"))
    assert " docker.io " in install
    assert "ca-certificates" not in install
    assert calls.index("systemctl daemon-reload") < calls.index(install)
    assert calls[-1].startswith("docker info")
    # Once more: what was there before is not taken for what we brought.
    assert site.call("docker", "install", "1", "--strategy", "card").code == 0
    assert "FOLDER" not in node.read("etc/nodebake/docker")
    said = site.call("docker", "remove", "1")
    assert (said.code, said.out) == (0, "node01: without docker; its data are left where they are\n"), (
        said.err
    )
    assert node.read("etc/docker/daemon.json") == HAND_MADE
    assert not (node.root / "usr/lib/nodebake/docker-data").exists()
    assert not (node.root / STATE).exists()
    assert "docker.io" in next(call for call in node.called() if call.startswith("apt-get remove"))
    said = site.call("docker", "remove", "1")
    assert "node01: exit code 1: docker was not installed by nodebake here" in said.err


def test_what_keeps_docker_from_starting_is_told(site: Site, node: Machine) -> None:
    node.stub("systemctl", "case $* in 'restart containerd'*) exit 1 ;; esac")
    node.stub("journalctl", "echo 'this node has no card with a partition labelled nodebake-docker'")
    said = site.call("docker", "install", "1", "--strategy", "card")
    assert said.code == 1
    assert "node01: exit code 1: this node has no card with a partition labelled nodebake-docker" in said.err


def test_containers_are_not_pulled_away(site: Site, node: Machine) -> None:
    assert site.call("docker", "install", "1").code == 0
    node.stub("docker", "echo 0123456789ab")
    said = site.call("docker", "remove", "1")
    assert "node01: exit code 1: containers run: stop them first" in said.err
    assert (node.root / "usr/lib/nodebake/docker-data").exists()
    # Nor by other settings.
    said = site.call("docker", "install", "1", "--strategy", "card")
    assert "node01: exit code 1: containers run: stop them first" in said.err
    assert "STRATEGY=loop" in node.read("etc/nodebake/docker")


def test_a_root_of_ours_is_not_changed(site: Site, node: Machine) -> None:
    node.write("proc/cmdline", "nodebake.mode=shared nodebake.root=10.42.0.250:/pxe/releases/a/1\n")
    said = site.call("docker", "install", "1")
    assert said.code == 5
    assert "error: the root of some nodes is a release of nodebake's" in said.err
    assert not (node.root / STATE).exists()


def test_what_cannot_be_installed(site: Site, node: Machine) -> None:
    said = site.call("docker", "install", "1", "--folder", "10.42.0.250:/pxe/x; reboot/NODE")
    assert (said.code, "is no folder of the head for each node" in said.err) == (2, True)
    said = site.call("docker", "install", "1", "--folder", "10.42.0.250:/pxe/same")
    assert (said.code, "NODE as one of its parts" in said.err) == (2, True)
    assert site.call("docker", "install", "1", "--strategy", "overlay2").code == 2


def test_an_image_is_loaded(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    image, loaded = tmp_path / "model.tar", tmp_path / "loaded"
    image.write_bytes(bytes(range(256)) * 8192)
    docker = f'docker() {{ [ "$1" = load ] && cat >"{loaded}"; return 0; }}\n'
    monkeypatch.setattr(load, "_LOAD", docker + load._LOAD)
    said = site.call("docker", "load", str(image), "1,13")
    assert (said.code, said.out) == (1, "node01: model.tar is loaded\n")
    assert loaded.read_bytes() == image.read_bytes()
    assert "node13: no ssh: connection refused" in said.err
    assert "`none.tar` is not there" in site.call("docker", "load", "none.tar", "1").err
