# SPDX-License-Identifier: Apache-2.0
"""A full disk: nothing that nodes boot is harmed, and with room again the same call goes on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.head.full_disk import FIRST, SECOND
from tests.needs import needs_tool
from tests.unit.rules.source import ROOT

pytestmark = needs_tool("unshare", "ssh-keygen", "dnsmasq", "zstd")


def test_a_full_disk_harms_nobody(place: Path) -> None:
    done = subprocess.run(
        [
            "unshare",
            "--user",
            "--map-root-user",
            "--mount",
            sys.executable,
            "-m",
            "tests.head.full_disk",
            place,
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    first, *full, last = json.loads(done.stdout)
    assert first == [0, "", [FIRST.version] * 2, []]
    for ended in full:
        assert ended == [3, "no space left on the disk of `/head/pxe`", [FIRST.version] * 2, []]
    assert last == [0, "", [SECOND.version] * 2, []]
