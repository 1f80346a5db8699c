# SPDX-License-Identifier: Apache-2.0
"""`power simulate`: what it answers, counts and refuses."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fixtures import ROOT
from tests.tools.power.project import Project
from tests.tools.power.rack import told

pytestmark = pytest.mark.tools


def test_simulate_tells_what_it_counted(tmp_path: Path) -> None:
    log = tmp_path / "dnsmasq.log"
    process = subprocess.Popen(
        [sys.executable, "-m", "builder", "power", "simulate", "--boot", "0.2", "--log", log],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr
    url = process.stderr.readline().split()[-1]
    client = ROOT / "builder" / "head" / "client"
    environment = {"BLADERUNNER_URL": url}
    for words in (("power.py", "7", "on"), ("statusrequest.py",)):
        done = subprocess.run(
            [sys.executable, client / words[0], *words[1:]], env=environment, capture_output=True, check=False
        )
        assert done.returncode == 0
    while "DHCPACK" not in log.read_text():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=10)
    assert (process.returncode, err) == (0, "")
    counted = json.loads(out)
    assert counted["on"] == [7]
    assert counted["commands"] == {"XPowerRequest": 1, "XStatusRequest": 1}
    assert not any(counted["violations"].values())
    assert "DHCPDISCOVER(eth0) b8:27:eb:00:00:07" in log.read_text()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--silent", "2"), "`--silent 2` is no share: they are 0 to 1"),
        (("--dead", "x"), "`--dead x`: "),
    ],
)
def test_simulate_refuses(
    project: Project, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], message: str
) -> None:
    code, _, err = told(project, capsys, "simulate", *words)
    assert code == 2
    assert f"error: {message}" in err
