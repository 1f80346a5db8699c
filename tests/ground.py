# SPDX-License-Identifier: Apache-2.0
"""A recipe with a step of each kind, on a ground of its own that tests may spoil."""

from __future__ import annotations

import os
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from builder.build.workshop import store_root
from tests.faults import Ground, make_ground, remove_ground
from tests.fixtures import Site

# Steps long enough to be hit in their middle.
RECIPE = """\
format: 1
summary: a step of each kind, to be hit
include: [least]
layers:
  - files: to-be-hit
  - users: [{USERS}]
  - services: {{mask: [{UNITS}]}}
  - script: {{run: overlays/to-be-hit.sh}}
outputs:
  image: {{free: 64M, boot_size: 256M}}
""".format(
    USERS=", ".join(f"{{name: guest{n}, password_hash: '$6$salt$HASH'}}" for n in range(12)),
    UNITS=", ".join(f"hit-{n}.service" for n in range(40)),
).replace("HASH", "Zm9vYmFyYmF6cXV4" * 5 + "Zm9vYm")
SCRIPT = """\
#!/bin/sh
set -eu
mkdir /var/hit
for n in $(seq 60); do echo $n >/var/hit/$n; done
dd if=/dev/zero of=/var/hit/large bs=1M count=20
sleep 300 &
sleep 1
"""


@pytest.fixture(scope="module")
def lender() -> Path:
    return store_root(os.environ)


@pytest.fixture(scope="module")
def ground(site: Site, lender: Path) -> Iterator[Ground]:
    """A ground on the store's own disk, so that what is in the store can be lent."""
    site.built("minimal")
    folder = Path(tempfile.mkdtemp(prefix="nodebake-faults-", dir=lender.parent))
    folder.chmod(0o755)
    ground = make_ground(folder, site.root, "minimal", lender / "debs")
    overlay = ground.project / "overlays/to-be-hit/usr/share/hit"
    overlay.mkdir(parents=True)
    for number in range(4):
        (overlay / f"{number}").write_bytes(random.Random(number).randbytes(8 << 20))
    (ground.project / "overlays/to-be-hit.sh").write_text(SCRIPT)
    # Under the name of what it includes: its first steps are then those of that one.
    minimal = ground.project / "recipes/minimal.yaml"
    minimal.rename(minimal.with_name("least.yaml"))
    minimal.write_text(RECIPE)
    yield ground
    remove_ground(folder)
