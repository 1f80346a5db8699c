# SPDX-License-Identifier: Apache-2.0
"""`docker-sdcard` as it is goes the whole way to a node's card, and runs a container there."""

from __future__ import annotations

from pathlib import Path

from tests.boot.containers import imported
from tests.boot.network.circle import FLASHER, NEEDS, NODE, label, place_with
from tests.fixtures import Site

RECIPE = "docker-sdcard"
pytestmark = NEEDS


def test_docker_sdcard_boots_from_the_card_that_it_was_flashed_to(site: Site, tmp_path: Path) -> None:
    with place_with(site, tmp_path, RECIPE) as place:
        assert label(site, FLASHER) in place.runs
        assert place.desk.tell("deploy", RECIPE, NODE.name, "--here", "--force") == f"{NODE.name}  done"
        place.desk.tell("power", "off", NODE.name, "--here", "--force")
        place.desk.tell("power", "on", NODE.name)
        # The flasher, the trial, by itself, and again after power was off.
        assert [boot.source for boot in place.bay.boots] == ["network", "network", "card", "card"]
        assert label(site, RECIPE) in place.runs
        place.desk.on(NODE.name, imported("usr/bin/dash"))
        run = "docker run --rm --network none probe /usr/bin/dash -c 'echo line-$((40 + 2))'"
        assert "line-42" in place.desk.on(NODE.name, run)
