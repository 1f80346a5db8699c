# SPDX-License-Identifier: Apache-2.0
"""A release that boots and lets nobody in is taken back: by the power of its node, which hears nobody."""

from __future__ import annotations

from pathlib import Path

from tests.boot.network.circle import FLASHER, NEEDS, NODE, UP_WITHIN, label, place_with
from tests.fixtures import Site

pytestmark = NEEDS


def test_a_release_without_sshd_is_taken_back(site: Site, tmp_path: Path) -> None:
    with place_with(site, tmp_path, "mute") as place:
        done = place.desk.call(
            "deploy", "mute", NODE.name, "--here", "--force", "--up-within", str(UP_WITHIN)
        )
        assert done.returncode == 1, done.stderr
        said = f"{NODE.name}  restored: {NODE.name} has not come up within {UP_WITHIN} s: no ssh: "
        assert done.stdout.startswith(said), done.stdout + done.stderr
        # The flasher, the trial, and the flasher again.
        flasher, trial, again = place.bay.boots
        assert "login:" in trial.said()
        assert {boot.source for boot in (flasher, trial, again)} == {"network"}
        assert label(site, FLASHER) in place.runs
