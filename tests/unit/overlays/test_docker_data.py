# SPDX-License-Identifier: Apache-2.0
"""Docker's data on a node that boots over the network: prepared before docker starts, or refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.overlays.machine import Machine

SCRIPT = "docker-data/docker-data"
FOLDER = "run/nodebake/docker"
IMAGE = f"{FOLDER}/docker.img"
GIB = 1 << 30


@pytest.fixture
def node(machine: Machine) -> Machine:
    """node07, on which nothing is mounted yet."""
    for program in ("mount", "umount", "e2fsck", "mkfs.ext4", "systemctl", "docker", "resize2fs", "sync"):
        machine.stub(program)
    machine.stub("mountpoint", "exit 1")
    machine.stub("uname", "echo node07")
    machine.stub("findfs", "echo /dev/mmcblk0p1")
    machine.stub("blockdev", "echo 0")
    machine.stub("losetup", "case $* in *--show*) echo /dev/loop5 ;; esac")
    machine.stub("findmnt", "echo /dev/loop5")
    machine.write(
        "proc/cmdline", "quiet nodebake.data=10.42.0.250:/pxe/instances/node07/data net.ifnames=0\n"
    )
    machine.write("proc/sys/kernel/random/boot_id", "a1b2\n")
    machine.write(
        "etc/docker/daemon.json", '{\n  "log-driver": "local",\n  "storage-driver": "overlay2"\n}\n'
    )
    return machine


def wants(node: Machine, strategy: str, *more: str) -> None:
    node.write("etc/nodebake/docker", "\n".join([f"STRATEGY={strategy}", "DRIVER=overlay2", *more]) + "\n")


def called(node: Machine, program: str) -> list[str]:
    """How a program was called, without the folder that stands for the root."""
    calls = (call.replace(f"{node.root}/", "/") for call in node.called())
    return [call for call in calls if call.partition(" ")[0] == program]


def refused(node: Machine, *words: str) -> str:
    done = node.run(SCRIPT, *(words or ("start",)))
    assert done.returncode == 1
    return done.stderr.strip().replace(f"{node.root}/", "/")


def test_a_card_is_checked_and_mounted_by_its_label(node: Machine) -> None:
    wants(node, "card")
    assert node.run(SCRIPT, "start").returncode == 0
    assert called(node, "findfs") == ["findfs LABEL=nodebake-docker"]
    assert called(node, "e2fsck") == ["e2fsck -p /dev/mmcblk0p1"]
    assert called(node, "mount") == ["mount -t ext4 -o noatime,errors=remount-ro /dev/mmcblk0p1 /srv/docker"]
    assert called(node, "mkfs.ext4") == called(node, "losetup") == []


@pytest.mark.parametrize(
    ("program", "body", "says"),
    [
        ("findfs", "exit 1", "this node has no card with a partition labelled nodebake-docker"),
        ("blockdev", "echo 1", "the card /dev/mmcblk0p1 can only be read"),
        ("e2fsck", "exit 4", "/dev/mmcblk0p1 has faults that e2fsck does not mend by itself"),
        ("mount", "exit 32", "/dev/mmcblk0p1 cannot be mounted"),
    ],
)
def test_a_card_that_cannot_serve_is_told(node: Machine, program: str, body: str, says: str) -> None:
    wants(node, "card")
    node.stub(program, body)
    assert refused(node) == says


def test_a_card_that_was_mended_is_used(node: Machine) -> None:
    wants(node, "card")
    node.stub("e2fsck", "exit 1")
    assert node.run(SCRIPT, "start").returncode == 0
    assert called(node, "mount")


def test_the_file_on_the_head_is_made_once(node: Machine) -> None:
    wants(node, "loop", f"SIZE={GIB}")
    assert node.run(SCRIPT, "start").returncode == 0
    assert (node.root / IMAGE).stat().st_size == GIB
    (nfs, disk) = called(node, "mount")
    assert nfs.startswith("mount -t nfs -o rw,vers=3,tcp,nolock,noacl,hard,")
    assert nfs.endswith(f" 10.42.0.250:/pxe/instances/node07/data /{FOLDER}")
    assert disk.endswith(" /dev/loop5 /srv/docker")
    (made,) = called(node, "mkfs.ext4")
    assert made.endswith(f" /{IMAGE}.new")
    assert called(node, "losetup")[-1] == "losetup --detach /dev/loop5"
    assert node.run(SCRIPT, "start").returncode == 0
    assert called(node, "mkfs.ext4") == [made]


def test_a_file_that_was_half_made_is_made_again(node: Machine) -> None:
    wants(node, "loop")
    node.write(f"{IMAGE}.new", "half")
    assert node.run(SCRIPT, "start").returncode == 0
    assert (node.root / IMAGE).stat().st_size == 4 * GIB
    assert not (node.root / f"{IMAGE}.new").exists()


def test_faults_of_the_file_leave_no_loop_device(node: Machine) -> None:
    wants(node, "loop")
    node.stub("e2fsck", "exit 8")
    assert refused(node) == "/dev/loop5 has faults that e2fsck does not mend by itself"
    assert called(node, "losetup")[-1] == "losetup --detach /dev/loop5"


@pytest.mark.parametrize("strategy", ["loop", "fuse-overlayfs"])
def test_two_nodes_never_share_a_folder(node: Machine, strategy: str) -> None:
    wants(node, strategy)
    assert node.run(SCRIPT, "start").returncode == 0
    assert node.read(f"{FOLDER}/docker.owner") == "node07 a1b2\n"
    node.stub("uname", "echo node08")
    source = "10.42.0.250:/pxe/instances/node07/data"
    assert refused(node) == (
        f"the docker data in {source} are those of node07, and this is node08: both would destroy them"
    )
    assert node.read(f"{FOLDER}/docker.owner") == "node07 a1b2\n"


def test_the_next_boot_of_the_same_node_takes_over(node: Machine) -> None:
    wants(node, "fuse-overlayfs")
    assert node.run(SCRIPT, "start").returncode == 0
    node.write("proc/sys/kernel/random/boot_id", "c3d4\n")
    assert node.run(SCRIPT, "start").returncode == 0
    assert node.read(f"{FOLDER}/docker.owner") == "node07 c3d4\n"
    assert sorted(path.name for path in (node.root / FOLDER).iterdir()) == ["docker", "docker.owner"]
    assert called(node, "mount")[-1] == f"mount --bind /{FOLDER}/docker /srv/docker"


def test_a_folder_that_the_settings_name_wins(node: Machine) -> None:
    wants(node, "fuse-overlayfs", "FOLDER=10.42.0.250:/pxe/nodes/node07")
    assert node.run(SCRIPT, "start").returncode == 0
    assert called(node, "mount")[0].endswith(f" 10.42.0.250:/pxe/nodes/node07 /{FOLDER}")


def test_without_a_folder_on_the_head(node: Machine) -> None:
    wants(node, "loop")
    node.write("proc/cmdline", "quiet\n")
    assert refused(node) == (
        "the head tells this node no folder of its own (nodebake.data): publish it again"
    )
    node.write("proc/cmdline", "nodebake.data=10.42.0.250:/pxe/x\n")
    node.stub("mount", "exit 32")
    assert refused(node) == "10.42.0.250:/pxe/x cannot be mounted"


@pytest.mark.parametrize(("more", "size"), [((), "40%"), (("SIZE=1048576",), "1048576")])
def test_memory_is_bounded(node: Machine, more: tuple[str, ...], size: str) -> None:
    wants(node, "tmpfs", *more)
    assert node.run(SCRIPT, "start").returncode == 0
    assert called(node, "mount") == [f"mount -t tmpfs -o mode=711,size={size} tmpfs /srv/docker"]


def test_a_strategy_that_is_none(node: Machine) -> None:
    wants(node, "nbd")
    assert refused(node) == "docker's data have no strategy `nbd`: card, loop, fuse-overlayfs, vfs or tmpfs"


def full(node: Machine, *per_cent: int) -> None:
    """What df says, one time after the other."""
    said = node.write("said", "".join(f"{each}\n" for each in per_cent))
    node.stub(
        "df", f'echo Use%; echo " $(head -n 1 "{said}")%"; [ $(wc -l <"{said}") = 1 ] || sed -i 1d "{said}"'
    )
    node.stub("mountpoint")


def test_the_file_grows_before_it_is_full(node: Machine) -> None:
    wants(node, "loop", f"LIMIT={10 * GIB}")
    image = node.write(IMAGE, "")
    with Path(image).open("r+b") as stream:
        stream.truncate(4 * GIB)
    full(node, 74)
    assert node.run(SCRIPT, "tend").returncode == 0
    assert called(node, "resize2fs") == []
    for size in (6, 9, 10):
        full(node, 75, 50)
        assert f"{size << 10} MiB" in node.run(SCRIPT, "tend").stdout
        assert image.stat().st_size == size * GIB
    assert called(node, "resize2fs") == ["resize2fs /dev/loop5"] * 3
    full(node, 80)
    assert node.run(SCRIPT, "tend").stdout == ""
    assert image.stat().st_size == 10 * GIB


def test_what_nothing_needs_goes_when_all_is_full(node: Machine) -> None:
    wants(node, "card")
    full(node, 84)
    assert node.run(SCRIPT, "tend").returncode == 0
    assert called(node, "docker") == []
    full(node, 85)
    assert node.run(SCRIPT, "tend").stdout.startswith("85 % of the room for docker's data are used")
    assert called(node, "docker") == ["docker image prune --force", "docker builder prune --force"]


def test_what_is_in_use_is_detached(node: Machine) -> None:
    wants(node, "loop")
    node.stub("mountpoint")
    node.stub("umount", "case $1 in --lazy) ;; *) exit 32 ;; esac")
    assert node.run(SCRIPT, "stop").returncode == 0
    assert called(node, "umount")[1::2] == ["umount --lazy /srv/docker", f"umount --lazy /{FOLDER}"]


def test_another_strategy_from_now_on(node: Machine) -> None:
    wants(node, "loop", f"SIZE={GIB}", "FOLDER=10.42.0.250:/pxe/x")
    assert node.run(SCRIPT, "use", "fuse-overlayfs").returncode == 0
    assert node.read("etc/nodebake/docker") == (
        "STRATEGY=fuse-overlayfs\nDRIVER=fuse-overlayfs\nFOLDER=10.42.0.250:/pxe/x\n"
    )
    assert '"storage-driver": "fuse-overlayfs"' in node.read("etc/docker/daemon.json")
    assert (
        called(node, "systemctl")[-1] == "systemctl start docker.socket docker.service docker-check.service"
    )


def test_not_under_containers_that_run(node: Machine) -> None:
    wants(node, "loop")
    node.stub("docker", "echo 0123abcd")
    assert refused(node, "use", "tmpfs") == "containers run: stop them first (docker ps)"
    assert refused(node, "use", "nbd") == (
        "there is no strategy `nbd`: card, loop, fuse-overlayfs, vfs or tmpfs"
    )
    assert node.read("etc/nodebake/docker") == "STRATEGY=loop\nDRIVER=overlay2\n"


def test_usage(node: Machine) -> None:
    wants(node, "loop")
    done = node.run(SCRIPT)
    assert (done.returncode, done.stderr) == (2, "usage: docker-data start|stop|tend|use STRATEGY\n")
