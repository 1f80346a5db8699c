# SPDX-License-Identifier: Apache-2.0
"""What `nodebake nodes export` prints is read as it is meant by the programs that it is for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from builder.cli.main import main
from builder.cluster.mac_table import parse
from tests.lan.lan import lan
from tests.needs import needs_tool

ROOT = Path(__file__).parents[3]
GROUPS_CONF = """\
[Main]
default: ours
[ours]
map: sed -n 's/^$GROUP: *//p' {file}
all: sed -n 's/^all: *//p' {file}
list: sed -n 's/^\\([^ :]*\\):.*/\\1/p' {file}
"""


@pytest.fixture
def exported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    """A folder with each export of the example, named by its form."""
    (tmp_path / "recipes").mkdir()
    (tmp_path / "cluster.yaml").write_bytes((ROOT / "cluster.example.yaml").read_bytes())
    monkeypatch.chdir(tmp_path)
    for form in ("clush", "dnsmasq", "table"):
        assert main(["nodes", "export", "--format", form]) == 0
        (tmp_path / form).write_text(capsys.readouterr().out)
    return tmp_path


@pytest.mark.tools
def test_clustershell_reads_the_groups(exported: Path) -> None:
    (exported / "groups.conf").write_text(GROUPS_CONF.format(file=exported / "clush"))
    environment = {**os.environ, "CLUSTERSHELL_CFGDIR": str(exported)}

    def nodeset(*words: str) -> str:
        program = Path(sys.executable).with_name("nodeset")
        done = subprocess.run([program, *words], env=environment, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    assert nodeset("-f", "@barB!@zeros") == "node[16,23,30]"
    assert nodeset("-f", "-a") == "node[01-60]"
    assert nodeset("-l").split() == ["@all", "@barA", "@barB", "@barC", "@barD", "@zeros"]


@pytest.mark.tools
@needs_tool("dnsmasq", "ip", "unshare")
def test_dnsmasq_knows_its_hosts(exported: Path) -> None:
    lines = (exported / "dnsmasq").read_text().splitlines()
    assert len(lines) == 48
    folder = exported / "lan"
    folder.mkdir()
    with lan(folder, {}, *(f"--{line}" for line in lines)) as wire:
        nodes = parse("", (exported / "table").read_text(), [])
        assert wire.boot(nodes[34].mac, "0badcafe") == "10.42.0.35"
        assert wire.boot(nodes[16].mac, "0badcafe") == "-"  # it is on Wi-Fi
