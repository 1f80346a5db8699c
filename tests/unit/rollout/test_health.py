# SPDX-License-Identifier: Apache-2.0
"""What a node tells of itself, and what of that is wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from builder.rollout.health import Health, read

TOLD = """\
release sdcard/2
root /dev/mmcblk0p2
boot trial
state running
failed
led active
docker runs
warning nobody asked for this
"""
WELL = Health("sdcard/2", "/dev/mmcblk0p2", "trial", "running", "", "active", "runs")


def test_a_node_that_is_well() -> None:
    assert read(TOLD) == WELL
    assert not list(WELL.faults("sdcard/2"))
    # An image without docker, and without a LED.
    assert not list(replace(WELL, led="none", docker="none").faults("sdcard/2"))


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"release": "sdcard/1"}, "it runs sdcard/1, and not sdcard/2"),
        ({"release": ""}, "it runs nobody knows what, and not sdcard/2"),
        ({"root": "overlay"}, "its root is overlay, and not on its card"),
        ({"state": "degraded", "failed": "a.service b.service"}, "failed: a.service, b.service"),
        ({"state": "starting"}, "it is `starting`, and not up"),
        ({"led": "inactive"}, "its LED's unit is inactive"),
        ({"docker": "read-only file system"}, "docker runs no container: read-only file system"),
        ({"docker": ""}, "docker runs no container: nothing was told"),
    ],
)
def test_what_is_wrong(change: dict[str, Any], fault: str) -> None:
    assert list(replace(WELL, **change).faults("sdcard/2")) == [fault]


def test_a_node_that_told_nothing_is_not_well() -> None:
    assert len(list(read("").faults("sdcard/2"))) == 5
