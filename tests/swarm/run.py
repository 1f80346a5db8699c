# SPDX-License-Identifier: Apache-2.0
"""Flash nodes in namespaces of their own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from tests.needs import PATH
from tests.swarm.inside import Told, Wish
from tests.swarm.world import THROTTLE
from tests.unit.rules.source import ROOT

_LACKING = [
    what
    for what, there in {
        "root": os.geteuid() == 0,
        "loop devices": Path("/dev/loop-control").exists(),
        **{name: bool(shutil.which(name, path=PATH)) for name in ("ip", "tc", "unshare", "sshd", "losetup")},
    }.items()
    if not there
]
CARDS_ARE_SLOW = THROTTLE.is_dir()
"""Whether this machine can make cards as slow as real ones; else they are as fast as it is."""
needs_namespaces = pytest.mark.skipif(bool(_LACKING), reason=f"wants {', '.join(_LACKING)}")
_NAMESPACES = ("--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc")


def run(wish: Wish, seconds: float) -> Told:
    """What came of it, within so many seconds."""
    argv = ["unshare", *_NAMESPACES, sys.executable, "-m", "tests.swarm.inside", json.dumps(asdict(wish))]
    done = subprocess.run(argv, stdout=subprocess.PIPE, timeout=seconds, cwd=ROOT, check=True)
    return Told(**json.loads(done.stdout.splitlines()[-1]))
