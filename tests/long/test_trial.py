# SPDX-License-Identifier: Apache-2.0
"""An image is tried: kernel and initramfs come over the network, and the root is on the node's card."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from builder.boot.netboot.head import Head, head
from builder.boot.netboot.tools import TOOLS
from builder.head.node.inventory import Inventory, Node
from builder.rollout import health
from tests.boot.login import Login
from tests.boot.published import SSH_SECONDS, powered
from tests.boot.timing import BOOTS
from tests.fixtures import Site
from tests.needs import needs_file, needs_root_for_nfs, needs_tool

RECIPE = "docker-sdcard"
# Three times what was measured on two busy cores.
HEALTH_SECONDS = 600
pytestmark = [
    pytest.mark.boot,
    needs_tool("ssh", "ssh-keyscan", *TOOLS),
    needs_file("/usr/lib/u-boot/qemu_arm64/u-boot.bin", "u-boot-qemu"),
    needs_root_for_nfs,
]
NODE = Node("node09", 9, "b8:27:eb:00:00:09", "10.42.0.9", "pi3b")


@pytest.fixture(scope="module")
def assigned(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Head]:
    stock = Inventory("sevastopol", "10.42.0.250", ("10.42.0.0/24",), (NODE,))
    with head(stock, tmp_path_factory.mktemp("trial")) as here:
        here.assign(Path(site.built(RECIPE)["manifest"]).parent)
        here.serve()
        yield here


@pytest.fixture(scope="module")
def tried(assigned: Head, site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Login]:
    card = tmp_path_factory.mktemp("card") / "card.img"
    shutil.copy(site.built(RECIPE)["image"], card)
    # A card's size is a power of two in the emulator.
    with card.open("r+b") as image:
        image.truncate(1 << (card.stat().st_size - 1).bit_length())
    with powered(assigned, NODE, "tried", card) as guest:
        known = guest.log.with_name("known_hosts")
        login = Login(assigned.lan, NODE.address, site.key, known)

        def answers() -> bool:
            # Whoever flashes gives a card its host key; this one was only copied.
            argv = assigned.lan.within("ssh-keyscan", "-T", "5", NODE.address)
            known.write_bytes(subprocess.run(argv, capture_output=True, check=False).stdout)
            return bool(known.read_bytes()) and login.answers()

        guest.until(answers, "ssh", seconds=SSH_SECONDS)
        BOOTS[f"{RECIPE} tried, answers ssh"] = guest.seconds()
        yield login


@pytest.fixture(scope="module")
def told(tried: Login) -> health.Health:
    script = shlex.quote(health.SCRIPT.read_text(encoding="utf-8"))
    return health.read(tried.tell(f"sudo sh -c {script}", seconds=HEALTH_SECONDS))


def test_it_is_well(told: health.Health, site: Site) -> None:
    manifest = site.manifest(RECIPE)
    assert not list(told.faults(f"{manifest.recipe}/{manifest.version}"))
    assert (told.boot, told.docker) == ("trial", "runs")


def test_it_stays_when_it_is_found_well(tried: Login) -> None:
    assert tried.tell("systemctl is-active nodebake-trial.service") == "active"
    tried.tell("sudo systemctl stop nodebake-trial.service")
    assert tried.ssh("systemctl is-active nodebake-trial.service").stdout.strip() == "inactive"
