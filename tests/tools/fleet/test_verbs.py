# SPDX-License-Identifier: Apache-2.0
"""`copy`, `temperature`, `status` and refusing busy nodes, on real ssh servers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from builder.cli import status
from builder.cli.fleet.crew import Crew
from builder.cli.project import Project
from builder.cluster.load import require
from builder.fleet.gather import Fleet
from builder.fleet.order import Order, Outcome
from builder.host.sources import FolderSources
from tests.needs import needs_tool
from tests.tools.fleet.conftest import Site
from tests.tools.power.sshd import USER

pytestmark = [pytest.mark.tools, needs_tool("sshd", "ssh-keygen", "tar")]


def test_copies_files_and_folders(site: Site, tmp_path: Path) -> None:
    source, target = tmp_path / "here/data", tmp_path / "there/it is"
    source.mkdir(parents=True)
    (source / "a").write_bytes(bytes(range(256)) * 4096)
    (source / "run.sh").write_text("echo\n")
    (source / "run.sh").chmod(0o755)
    (source / "link").symlink_to("a")
    (tmp_path / "here/model.R").write_text("1\n")
    said = site.call("copy", str(source), str(tmp_path / "here/model.R"), "1", "--to", str(target))
    assert (said.code, said.out) == (0, f"node01: 4 files, 2.1 MB in {target}\n"), said.err
    assert (target / "data/a").read_bytes() == (source / "a").read_bytes()
    assert (target / "data/run.sh").stat().st_mode & 0o777 == 0o755
    assert (target / "data/link").readlink() == Path("a")
    assert (target / "model.R").read_text() == "1\n"
    said = site.call("copy", str(source), "1-2,13", "--to", str(target))
    assert said.code == 1
    assert said.out.startswith("node[01-02]: 3 files")
    assert "node13: no ssh: connection refused" in said.err


def test_what_cannot_be_copied(site: Site, tmp_path: Path) -> None:
    said = site.call("copy", "nothing-there", "1")
    assert (said.code, said.err.splitlines()[0]) == (2, "error: `nothing-there` is not there")
    assert "`copy` wants files and nodes" in site.call("copy", "1").err
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "same").write_text("")
    said = site.call("copy", str(tmp_path / "a/same"), str(tmp_path / "b/same"), "1")
    assert "two of them are called `same`" in said.err
    # A folder that nobody can make.
    (tmp_path / "file").write_text("")
    said = site.call("copy", str(tmp_path / "a"), "1", "--to", str(tmp_path / "file"))
    assert (said.code, "1 of 1 nodes failed" in said.err) == (1, True)


def test_the_temperature_of_all(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """The nodes are one machine, which may tell no temperature: each says its own here."""
    script = "set -- $SSH_CONNECTION; echo cpu=$((40000 + 1000 * ${3##*.}))"
    monkeypatch.setattr("builder.cli.temperature.script", lambda _: script)
    said = site.call("temperature", "1-3,13,16")
    assert said.code == 1
    assert said.out.splitlines() == [
        "      1     2     3     4     5     6     7     8     9    10    11    12    13",
        "A  41.0  42.0  43.0                                                          --",
        "B  56.0",
        "warmest node16 56.0 °C, mean 45.5 °C",
    ]
    assert "node13: no ssh: connection refused" in said.err
    first = json.loads(site.call("temperature", "1", "--json").out)[0]
    assert first == {"node": "node01", "bar": "A", "place": 1, "cpu": 41.0, "gpu": None, "why": ""}


def test_status_says_who_does_not_answer(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def head(*_: object) -> dict[str, object]:
        row = {"mode": "", "copied": "", "since": 0, "former": ""}
        rows = [{"node": f"node{n:02}", "release": "", **row} for n in (1, 15)]
        return {"nodes": rows, "releases": []}

    monkeypatch.setattr(status, "_head_says", head)
    said = site.call("status", "1,15")
    lines = said.out.splitlines()
    assert said.code == 0
    assert lines[0].startswith("node01  nothing      up ")
    assert lines[1] == "node15  nothing      no ssh: no answer in time"
    assert lines[2] == "1 of 2 nodes answer; not: node15"
    says = json.loads(site.call("status", "1,15", "--json").out)["nodes"]
    assert says[0]["says"]["up_since"] > 1_600_000_000
    assert says[1]["says"]["why"] == "no ssh: no answer in time"
    (site.root / "known_hosts").unlink()
    said = site.call("status", "1,15")
    assert (said.code, "warning: nodes are not asked: the file of host keys" in said.err) == (0, True)


@pytest.mark.parametrize("verb", ["off", "cycle"])
def test_power_is_not_taken_from_a_busy_node(site: Site, monkeypatch: pytest.MonkeyPatch, verb: str) -> None:
    monkeypatch.setattr("builder.cli.fleet.free.script", lambda _: "echo users=alice; echo load=0 0")
    said = site.call("power", verb, "1-2,13")
    assert (said.code, said.out) == (5, "")
    assert said.err.splitlines() == [
        f"warning: whether nodes are held is not known: {USER}@127.0.3.250:{site.port} cannot be reached",
        "error: some of the nodes are held or busy, so none is touched",
        "  node01 is busy: logged in: alice",
        "  node02 is busy: logged in: alice",
        "hint: leave those out, or `--force`; `nodebake release` ends a hold",
    ]
    # Nothing switches it here; it is the power that refuses now, and not we.
    assert "held or busy" not in site.call("power", verb, "1", "--force").err


def test_connections_are_kept(site: Site) -> None:
    cluster = require(FolderSources(site.root))
    crew = Crew(Project(site.root), cluster, cluster.select("1-4"))
    command = Order("echo $SSH_CONNECTION")

    async def twice(fleet: Fleet) -> tuple[list[Outcome], list[Outcome]]:
        return await fleet.gather(crew.machines, command), await fleet.gather(crew.machines, command)

    first, second = crew.with_fleet(twice)
    assert all(each.well for each in first)
    # The same ports on this side: the same connections.
    assert [each.stdout for each in first] == [each.stdout for each in second]
