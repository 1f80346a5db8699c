# SPDX-License-Identifier: Apache-2.0
"""Debian's 32-bit bases, built in full and booted where an emulator has the board.

armel's image is looked at in tests/build, too; armhf's only here.
"""

from __future__ import annotations

import re
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

import pytest

from builder.boot.built import image_of
from builder.build.step.armv6 import check
from builder.cli.workspace import workspace
from builder.errors import StepError
from tests.boot.containers import imported
from tests.boot.guest import Shell, booted
from tests.boot.timing import BOOTS
from tests.build.conftest import Apart, say, taken_apart
from tests.fixtures import NODE_NUMBER, Site
from tests.long.mirror import locked
from tests.needs import needs_tool

pytestmark = [
    pytest.mark.build,
    needs_tool("sfdisk", "debugfs", "mtype", "mdir", "gpg", "qemu-system-aarch64", "qemu-img", "ssh"),
]

BOARDS = {"debian-armel": "pizerow", "debian-armhf": "pi2b, pi3b, pi3bplus, pizero2w"}
RECIPE = """\
format: 1
summary: a recipe on another base
include: [{include}]
base: {base}
boards: [{boards}]
"""
PROMPT = re.compile(rf"^node{NODE_NUMBER:02d} login: ", re.MULTILINE)
# Three times what was measured on two busy cores.
LOGIN_SECONDS = {"raspi0": 460, "raspi2b": 850}
SSH_SECONDS = 600
DOCKER_SECONDS = 1600


def image(site: Site, base: str, include: str = "minimal") -> str:
    """The name of the recipe of an image on `base`, which has been built."""
    recipe = f"{include}-{base}"
    text = RECIPE.format(include=include, base=base, boards=BOARDS[base])
    (site.root / f"recipes/{recipe}.yaml").write_text(text)
    locked(workspace(Namespace(project=site.root, recipe=recipe, set=())))
    site.built(recipe, "--locked")
    return recipe


@pytest.fixture(scope="module")
def armhf(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Apart]:
    recipe = image(site, "debian-armhf")
    with taken_apart(site.built(recipe, "--locked"), tmp_path_factory.mktemp("armhf")) as apart:
        yield apart


def test_the_boot_directory_has_all_of_its_boards(armhf: Apart) -> None:
    at = f"{armhf.image}@@{armhf.boot_offset}"
    names = say(["mdir", "-b", "-i", at, "::/"], MTOOLS_SKIP_CHECK="1").replace("::/", "").split()
    trees = {"bcm2836-rpi-2-b", "bcm2837-rpi-3-b", "bcm2837-rpi-3-b-plus", "bcm2837-rpi-zero-2-w"}
    assert {f"{tree}.dtb" for tree in trees} <= set(names)
    config = say(["mtype", "-i", at, "::/config.txt"], MTOOLS_SKIP_CHECK="1")
    assert re.search(r"^kernel=vmlinuz-\S+-armmp$", config, re.MULTILINE)
    assert "arm_64bit" not in config
    words = say(["mtype", "-i", at, "::/cmdline.txt"], MTOOLS_SKIP_CHECK="1").split()
    assert words[:3] == ["console=ttyAMA0,115200", "console=ttyS1,115200", "console=tty0"]


def test_debians_armhf_is_not_for_armv6(armhf: Apart) -> None:
    with pytest.raises(StepError) as caught:
        check(armhf.root, ["*-armmp"])
    assert int(caught.value.message.split()[0]) > 500


@pytest.mark.boot
@pytest.mark.parametrize(("base", "board"), [("debian-armel", "raspi0"), ("debian-armhf", "raspi2b")])
def test_it_boots_from_its_card_to_a_login(site: Site, tmp_path: Path, base: str, board: str) -> None:
    recipe = image(site, base)
    folder = Path(site.built(recipe, "--locked")["manifest"]).parent
    with booted(image_of(site.manifest(recipe, "--locked"), folder), board, tmp_path) as guest:
        limit = LOGIN_SECONDS[board]
        seconds = guest.until(lambda: bool(PROMPT.search(guest.serial())), "login", seconds=limit)
        BOOTS[f"{recipe} on {board} asks for a login"] = seconds
        serial = guest.serial()
    assert "mmcblk" in serial


@pytest.mark.boot
def test_armhf_answers_ssh_on_a_virtual_machine(site: Site, tmp_path: Path) -> None:
    recipe = image(site, "debian-armhf")
    folder = Path(site.built(recipe, "--locked")["manifest"]).parent
    with booted(image_of(site.manifest(recipe, "--locked"), folder), "virt32", tmp_path) as guest:
        shell = Shell(guest, "admin", site.key)
        BOOTS[f"{recipe} on virt32 answers ssh"] = guest.until(shell.answers, "ssh", seconds=SSH_SECONDS)
        assert shell.tell("dpkg --print-architecture; uname -m").split() == ["armhf", "armv7l"]
        assert shell.tell("systemctl is-system-running --wait || systemctl --failed") == "running"


@pytest.mark.boot
def test_a_container_runs_on_armv6(site: Site, tmp_path: Path) -> None:
    recipe = image(site, "debian-armel", "docker-sdcard")
    folder = Path(site.built(recipe, "--locked")["manifest"]).parent
    with booted(image_of(site.manifest(recipe, "--locked"), folder), "raspi0", tmp_path) as guest:
        shell = Shell(guest, "admin", site.key)
        guest.until(shell.answers, "ssh", seconds=DOCKER_SECONDS, pause=10)
        settled = shell.tell(
            "systemctl is-system-running --wait || systemctl --failed", seconds=DOCKER_SECONDS
        )
        assert settled == "running"
        shell.tell(imported("usr/bin/dash"), seconds=DOCKER_SECONDS)
        run = "docker run --rm --network none probe /usr/bin/dash -c 'echo line-$((40 + 2))'"
        assert shell.tell(run, seconds=DOCKER_SECONDS) == "line-42"
        BOOTS[f"{recipe} on raspi0 has run a container"] = guest.seconds()
