# SPDX-License-Identifier: Apache-2.0
"""The unmodified minimal image from its card on the emulated Pi 3."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from builder.boot.built import image_of
from tests.boot.guest import booted
from tests.boot.timing import BOOTS
from tests.fixtures import NODE_NUMBER, Site
from tests.needs import needs_tool

RECIPE = "minimal"
# Three times what was measured on two busy cores.
LOGIN_SECONDS = 750

pytestmark = [pytest.mark.boot, needs_tool("qemu-system-aarch64", "qemu-img", "mcopy")]

PROMPT = re.compile(rf"^node{NODE_NUMBER:02d} login: ", re.MULTILINE)


def test_it_boots_from_its_card_to_a_login(site: Site, tmp_path: Path) -> None:
    folder = Path(site.built(RECIPE)["manifest"]).parent
    with booted(image_of(site.manifest(RECIPE), folder), "raspi3b", tmp_path) as guest:
        seconds = guest.until(lambda: bool(PROMPT.search(guest.serial())), "login", seconds=LOGIN_SECONDS)
        BOOTS[f"{RECIPE} on raspi3b asks for a login"] = seconds
        serial = guest.serial()
    # The name in the prompt says that the card's table and the network card were there.
    assert "mmcblk0p2" in serial
    assert "[FAILED]" not in serial, guest.story("a unit failed")
