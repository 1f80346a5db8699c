# SPDX-License-Identifier: Apache-2.0
"""Every step of `minimal`, from an empty store on, hit by each signal: its whole group, and the leader alone.

Run it as an ordinary user and as root: they build in different ways. Some ten minutes each.
"""

from __future__ import annotations

import filecmp
import os
import random
import tempfile
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest

from builder.build.workshop import store_root
from tests.faults import SIGNALS, Ground, check_hit, make_ground, remove_ground
from tests.fixtures import Site
from tests.needs import needs_tool

pytestmark = [pytest.mark.build, pytest.mark.archive, needs_tool("unshare")]

# The last second at which a step of a kind is hit; other kinds take a tenth of one.
LATEST = {"helper": 10.0, "packages": 50.0, "firmware": 25.0, "image": 20.0}
_OTHERS = 0.1
_SEED = 7


@pytest.fixture(scope="module")
def empty(site: Site) -> Iterator[Ground]:
    """A ground whose store has package files and nothing else."""
    site.built("minimal")
    lender = store_root(os.environ)
    folder = Path(tempfile.mkdtemp(prefix="nodebake-faults-", dir=lender.parent))
    folder.chmod(0o755)
    yield make_ground(folder, site.root, "minimal", lender / "debs")
    remove_ground(folder)


def test_every_step_from_nothing(site: Site, empty: Ground) -> None:
    chance = random.Random(_SEED)
    for number, step in enumerate(empty.steps(), 1):
        for how, whole in product(SIGNALS, (True, False)):
            before = empty.objects()
            delay = chance.uniform(0, LATEST.get(step["kind"], _OTHERS))
            ended = empty.hit(number, how, delay, whole)
            # A step that was over before the signal is not made again: then a later one has been hit.
            check_hit(empty, ended, how, number, before)
    ended = empty.build()
    assert (ended.code, ended.errors) == (0, [])
    assert empty.half_done() == []
    verified = empty.call("store", "verify")
    assert verified.returncode == 0, verified.stdout
    (made,) = empty.made()
    image = Path(site.built("minimal")["image"])
    assert filecmp.cmp(made / image.name, image, shallow=False)
