# SPDX-License-Identifier: Apache-2.0
"""The unmodified docker-sdcard image on the `virt` board, from its first boot to a container's line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from builder.boot.built import image_of
from tests.boot.containers import imported
from tests.boot.guest import Shell, booted
from tests.boot.timing import BOOTS
from tests.fixtures import NODE_NUMBER, Site
from tests.needs import needs_tool

RECIPE = "docker-sdcard"
# Three times what was measured on two busy cores.
SSH_SECONDS = 600
SETTLED_SECONDS = 300
DOCKER_SECONDS = 120

pytestmark = [pytest.mark.boot, needs_tool("qemu-system-aarch64", "qemu-img", "mcopy", "ssh")]


@pytest.fixture(scope="module")
def shell(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    folder = Path(site.built(RECIPE)["manifest"]).parent
    with booted(image_of(site.manifest(RECIPE), folder), "virt", tmp_path_factory.mktemp(RECIPE)) as guest:
        shell = Shell(guest, "admin", site.key)
        BOOTS[f"{RECIPE} on virt answers ssh"] = guest.until(shell.answers, "ssh", seconds=SSH_SECONDS)
        shell.tell("systemctl is-system-running --wait || true", seconds=SETTLED_SECONDS)
        BOOTS[f"{RECIPE} on virt is settled"] = guest.seconds()
        yield shell


def test_a_container_runs(shell: Shell) -> None:
    shell.tell(imported("usr/bin/dash"), seconds=DOCKER_SECONDS)
    run = "docker run --rm --network none probe /usr/bin/dash -c 'echo line-$((40 + 2))'"
    assert shell.tell(run, seconds=DOCKER_SECONDS) == "line-42"
    BOOTS[f"{RECIPE} on virt has run a container"] = shell.guest.seconds()


def test_a_container_has_a_network(shell: Shell) -> None:
    # The default bridge needs the kernel's netfilter modules and docker's own rules.
    run = "docker run --rm probe /usr/bin/dash -c 'read _ < /sys/class/net/eth0/address && echo there'"
    assert shell.tell(run, seconds=DOCKER_SECONDS) == "there"


def test_a_containers_memory_can_be_limited(shell: Shell) -> None:
    assert "memory" in shell.tell("cat /sys/fs/cgroup/cgroup.controllers").split()
    limit = "docker run --rm --network none -m 64m probe /usr/bin/dash -c"
    read = "'read max < /sys/fs/cgroup/memory.max && echo $max'"
    assert shell.tell(f"{limit} {read}", seconds=DOCKER_SECONDS) == str(64 << 20)


def test_docker_keeps_its_layers_in_overlay2(shell: Shell) -> None:
    assert shell.tell("docker info --format '{{.Driver}} {{.LoggingDriver}}'") == "overlay2 local"


def test_nothing_failed(shell: Shell) -> None:
    failed = shell.tell("systemctl --failed --plain --no-legend")
    logs = shell.tell("sudo journalctl -b -p warning --no-pager | tail -30") if failed else ""
    assert not failed, f"failed units:\n{failed}\n{logs}"
    assert shell.tell("systemctl is-system-running") == "running"


def test_the_bay_led_is_skipped_where_there_is_none(shell: Shell) -> None:
    shown = shell.tell("systemctl show bay-led --property ActiveState,Result")
    assert sorted(shown.splitlines()) == ["ActiveState=inactive", "Result=exec-condition"]


def test_the_root_file_system_has_grown(shell: Shell, site: Site) -> None:
    image = site.manifest(RECIPE).image
    assert image
    disk = int(shell.tell("lsblk --nodeps --noheadings --bytes --output SIZE /dev/vda"))
    root = next(partition for partition in image.partitions if partition.mount == "/")
    assert disk > image.size
    grown = int(shell.tell("df --block-size=1 --output=size / | tail -1"))
    # ext4's own tables take a few per cent of what df could tell.
    assert grown > 0.9 * (disk - root.start) > root.size


def test_the_node_is_called_by_its_mac_address(shell: Shell) -> None:
    name = f"node{NODE_NUMBER:02d}"
    assert shell.tell("uname -n; cat /etc/hostname; getent hosts 127.0.1.1").split() == [
        name,
        name,
        "127.0.1.1",
        name,
    ]


def test_identity_is_made_on_the_node(shell: Shell, site: Site) -> None:
    shipped = {file.path: file for file in site.manifest(RECIPE).files}
    assert not [path for path in shipped if re.match(r"etc/ssh/ssh_host_.*_key", path)]
    assert shipped["etc/machine-id"].size == 0
    assert shell.tell("ls /etc/ssh/ssh_host_*_key") == "/etc/ssh/ssh_host_ed25519_key"
    assert re.fullmatch(r"[0-9a-f]{32}", shell.tell("cat /etc/machine-id"))


def test_a_password_opens_nothing(shell: Shell) -> None:
    for user in ("admin", "root"):
        refused = Shell(shell.guest, user, shell.key).ssh("true", "-o", "PubkeyAuthentication=no")
        assert refused.returncode == 255
        assert "Permission denied (publickey)" in refused.stderr


def test_root_cannot_log_in_by_key(shell: Shell) -> None:
    refused = Shell(shell.guest, "root", shell.key).ssh("true")
    assert refused.returncode == 255
    assert "Permission denied" in refused.stderr


def test_the_journal_is_bounded_and_on_the_card(shell: Shell) -> None:
    told = shell.tell("sudo journalctl -b -u systemd-journald --no-pager --output cat")
    assert re.search(r"System Journal \(/var/log/journal/\S+\) is \S+, max 64M", told), told


def test_the_boot_partition_is_mounted(shell: Shell) -> None:
    assert shell.tell("findmnt --noheadings --output FSTYPE /boot/firmware") == "vfat"
    assert shell.tell("sudo head -c 5 /boot/firmware/config.txt | wc -c") == "5"
