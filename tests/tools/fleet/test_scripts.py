# SPDX-License-Identifier: Apache-2.0
"""The scripts that nodes are given, on what a Pi's kernel shows, in a folder."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from builder.fleet import status, temperature
from builder.fleet.order import Outcome
from builder.fleet.status import Card
from builder.fleet.temperature import Warmth
from tests.unit.rules.source import ROOT

pytestmark = pytest.mark.tools
SCRIPTS = ROOT / "builder/fleet/node"


def tree(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def answer(script: str, root: Path) -> Outcome:
    """What a script says; programs in `root`/stubs take the place of this machine's."""
    done = subprocess.run(
        ["sh", SCRIPTS / f"{script}.sh", root],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PATH": f"{root / 'stubs'}:{os.environ['PATH']}"},
    )
    assert done.stderr == ""
    return Outcome("node01", 0, done.stdout)


def test_the_status_script_reads_a_pi(tmp_path: Path) -> None:
    root = tree(
        tmp_path,
        {
            "proc/stat": "cpu 1\nbtime 1700000000\n",
            "proc/cmdline": "console=tty1 nodebake.mode=private nodebake.root=10.42.0.250:/pxe/x\n",
            "proc/mounts": "sysfs /sys sysfs rw 0 0\n10.42.0.250:/pxe/x / nfs rw 0 0\n",
            "etc/nodebake/release": "minimal-netboot/20260901-aa\n",
            "sys/block/mmcblk0/size": "62333952\n",
            "sys/block/mmcblk0/ro": "0\n",
            "sys/block/mmcblk0/device/cid": "035344\n",
            "sys/fs/ext4/mmcblk0p2/errors_count": "3\n",
        },
    )
    says = status.read(answer("status", root))
    card = Card(31914983424, "035344", read_only=False, errors=3)
    assert (says.up_since, says.release, says.root, says.card) == (
        1700000000, "minimal-netboot/20260901-aa", "private", card,
    )  # fmt: skip


def stub(root: Path, name: str, body: str) -> None:
    path = tree(root, {f"stubs/{name}": f"#!/bin/sh\n{body}\n"}) / "stubs" / name
    path.chmod(0o755)


DOCKER = {
    "proc/stat": "",
    "proc/cmdline": "",
    "proc/mounts": "",
    "etc/nodebake/docker": "STRATEGY=card\nDRIVER=overlay2\n",
    "etc/docker/daemon.json": '{\n  "data-root": "/srv/docker/docker"\n}\n',
    "srv/docker/docker/x": "",
}


def test_the_status_script_tells_of_docker(tmp_path: Path) -> None:
    root = tree(tmp_path, DOCKER)
    stub(root, "systemctl", '[ "$1" = is-active ] && echo active')
    docker = status.read(answer("status", root)).docker
    room = shutil.disk_usage(root)
    assert docker
    assert (docker.state, docker.driver, docker.strategy) == ("active", "overlay2", "card")
    assert docker.size == room.total
    assert docker.used is not None
    assert 0 <= docker.used <= 100


def test_the_status_script_tells_why_docker_is_down(tmp_path: Path) -> None:
    root = tree(tmp_path, DOCKER)
    stub(
        root,
        "systemctl",
        'case $2 in nodebake-docker-data.service) echo failed ;; *) echo inactive ;; esac; [ "$1" = cat ]',
    )
    # The journal tells nothing to whom it does not know.
    stub(root, "journalctl", '[ -z "$SUDO" ] || echo "no card, says $7"')
    stub(root, "sudo", 'shift; SUDO=1 exec "$@"')
    docker = status.read(answer("status", root)).docker
    assert docker
    assert docker.state == "nodebake-docker-data failed"
    assert docker.why == "no card, says _SYSTEMD_UNIT=nodebake-docker-data.service"
    assert docker.used is None


def test_the_temperature_script_reads_a_pi(tmp_path: Path) -> None:
    zone = "sys/class/thermal/thermal_zone0"
    root = tree(tmp_path, {f"{zone}/type": "cpu-thermal\n", f"{zone}/temp": "48312\n"})
    assert temperature.read(answer("temperature", root)).cpu == 48.312
    assert temperature.read(Outcome("node01", None, why="no ssh")) == Warmth()
