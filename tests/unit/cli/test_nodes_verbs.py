# SPDX-License-Identifier: Apache-2.0
"""`nodebake nodes …`: what it says of an inventory, and what it writes into it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from builder.cli.main import main
from tests.unit.cluster.samples import HEAD, mac, node, sixty

ROOT = Path(__file__).parents[3]
RECIPE = "format: 1\nboards: [pi3b, pi4]\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with 60 nodes, in which we are."""
    (tmp_path / "recipes").mkdir()
    (tmp_path / "recipes/minimal.yaml").write_text(RECIPE)
    (tmp_path / "cluster.yaml").write_text(sixty())
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def small(project: Path) -> Path:
    """The same with three nodes only."""
    lines = f"{node(1)}{node(2, ', name: two, recipe: minimal, groups: [few]')}  - {{number: 3}}  # empty\n"
    (project / "cluster.yaml").write_text(f"{HEAD}nodes:\n{lines}")
    return project


def told(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    """The answer on stdout of a verb that has nothing else to say."""
    assert main(["nodes", *words]) == code
    out, err = capsys.readouterr()
    assert err == ""
    return out


def refused(capsys: pytest.CaptureFixture[str], *words: str, code: int = 2) -> str:
    """What a verb says that does not do what it was told."""
    assert main(["nodes", *words]) == code
    out, err = capsys.readouterr()
    assert out == ""
    return err


def test_list(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        told(capsys, "list")
        == """\
NODE    PLACE   ADDRESS    MAC                SERIAL    BOARD  NETWORK  POWER        RECIPE   GROUPS
node01  A 0x01  10.42.0.1  b8:27:eb:00:00:01  ab000001  pi3b   lan      bladerunner  -        -
two     A 0x02  10.42.0.2  b8:27:eb:00:00:02  ab000002  pi3b   lan      bladerunner  minimal  few
node03  A 0x03  10.42.0.3  -                  -         pi3b   lan      bladerunner  -        -
"""
    )
    assert len(told(capsys, "list", "1,3").splitlines()) == 3


def test_list_for_programs(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = json.loads(told(capsys, "list", "16", "--json"))
    assert one == [
        {
            "number": 16,
            "name": "node16",
            "mac": "b8:27:eb:00:00:10",
            "serial": "ab000010",
            "board": "pi3b",
            "network": "lan",
            "address": "10.42.0.16",
            "bar": "B",
            "place": 0x11,
            "groups": ["barB"],
            "recipe": "",
            "power": "bladerunner",
        }
    ]


def test_words_for_completion(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["node01", "two", "node03", "@barA", "@barB", "@barC", "@barD", "@few", "@all"]
    assert told(capsys, "list", "--words").split() == words


def test_fold_and_expand(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys, "fold", "1-3;7", "@barD") == "node[01-03,07,46-60]\n"
    assert json.loads(told(capsys, "fold", "1-3", "--json")) == {"folded": "node[01-03]", "count": 3}
    assert told(capsys, "expand", "@barA!2-15", "node16") == "node01\nnode16\n"
    assert json.loads(told(capsys, "expand", "1-2", "--json")) == ["node01", "node02"]
    assert told(capsys, "expand", "1!1") == ""


def test_words_that_mean_nothing(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert refused(capsys, "fold", "61", "@barE") == (
        "error: there is no node `61`\nhint: there are `1-60`\n"
        "error: there is no group `@barE`\nhint: did you mean `@barD`, `@barC` or `@barB`?\n"
    )


def test_without_an_inventory(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "cluster.yaml").unlink()
    assert "there is no `cluster.yaml`" in refused(capsys, "list")


def test_check(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nodes", "check"]) == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[-1] == "60 nodes, 6 groups: nothing wrong"
    assert json.loads(told(capsys, "check", "--json"))["problems"] == []


def test_check_tells_what_is_odd(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (small / "cluster.yaml").read_text()
    (small / "cluster.yaml").write_text(text.replace("ab000002", "ab000003"))
    assert main(["nodes", "check"]) == 0
    assert capsys.readouterr().err == (
        "warning: the MAC address of `node03` is not known\n"
        "hint: `nodebake nodes discover node03` asks the boards\n"
        "warning: `two`: the serial number `ab000003` does not go with `b8:27:eb:00:00:02`\n"
        "hint: of a pi3b the last six digits are the same; is one of them another board's?\n"
        "3 nodes, 5 groups: nothing wrong\n"
    )
    assert len(json.loads(told(capsys, "check", "--json"))["doubts"]) == 2


def test_check_tells_what_is_wrong(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "cluster.yaml").write_text(f"{HEAD}nodes:\n{node(1, ', board: pc')}")
    assert "`pc` is no board" in refused(capsys, "check")
    problems = json.loads(told(capsys, "check", "--json", code=2))["problems"]
    assert [each["message"] for each in problems] == ["`pc` is no board"]
    assert problems[0]["place"]["line"] == 12


def test_check_looks_at_recipes(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = (
        node(1, ", recipe: minimal, board: pi3bplus")
        + node(2, ", recipe: minimum")
        + node(3, ", recipe: minimal")
    )
    (project / "cluster.yaml").write_text(f"{HEAD}nodes:\n{wrong}")
    err = refused(capsys, "check")
    assert (
        "cluster.yaml:12:95: error: `node01` is a `pi3bplus`, and the recipe `minimal` is for `pi3b` or `pi4`"
        in err
    )
    assert "hint: name the board in recipes/minimal.yaml, or another recipe in cluster.yaml" in err
    assert "error: `minimum` is no recipe" in err
    assert "did you mean `minimal`?" in err
    assert err.count("error: ") == 2


def test_a_default_that_no_node_can_run(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = sixty().replace("board: pi3b,", "board: pi3bplus, recipe: minimal,")
    (project / "cluster.yaml").write_text(text)
    err = refused(capsys, "check")
    assert "the nodes are a `pi3bplus`, and the recipe `minimal` is for `pi3b` or `pi4`" in err
    assert err.count("error: ") == 1


def test_add(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (project / "cluster.yaml").read_text()
    (project / "cluster.yaml").chmod(0o640)
    words = [
        "--mac",
        mac(61),
        "--serial",
        "00000000ab00003d",
        "--group",
        "few",
        "--recipe",
        "minimal",
        "--name",
        "a",
    ]
    assert main(["nodes", "add", "61", *words]) == 0
    assert capsys.readouterr().err == f"added `a`: pi3b, 10.42.0.61, {mac(61)}\n"
    identity = f'name: "a", mac: "{mac(61)}", serial: "00000000ab00003d"'
    line = f"  - {{number: 61, {identity}, recipe: minimal, groups: [few]}}\n"
    assert (project / "cluster.yaml").read_text() == before + line
    assert (project / "cluster.yaml").stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in project.iterdir()) == ["cluster.yaml", "recipes"]


def test_add_what_is_there(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert refused(capsys, "add", "7") == (
        "error: there is a node 7 already: `node07`\n"
        "hint: for another board in its place: `nodebake nodes replace 7`\n"
    )


def test_what_would_not_check_is_not_written(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (project / "cluster.yaml").read_bytes()
    err = refused(capsys, "add", "61", "--mac", mac(7), "--recipe", "minimum")
    assert err.startswith("warning: `cluster.yaml` stays as it was; with the change it would not check:\n")
    assert f"the MAC address `{mac(7)}` is there twice" in err
    err = refused(capsys, "add", "61", "--recipe", "minimum")
    assert "`minimum` is no recipe" in err
    assert "there is no node `17`" in refused(capsys, "remove", "17")
    assert (project / "cluster.yaml").read_bytes() == before


def test_replace(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (small / "cluster.yaml").read_text()
    assert main(["nodes", "replace", "two", "--mac", mac(99), "--serial", "ab000063"]) == 0
    assert capsys.readouterr().err.splitlines() == [
        f"`two` is now {mac(99)}, serial ab000063",
        "what still goes by the former board:",
        f"  `{mac(2)}` in the head's table of MAC addresses and in its dnsmasq; "
        "`nodebake nodes export` writes both",
        "  images with the overlay `node-name`, which knows nodes by MAC address; bake them again",
        "  /pxe/boot/b8-27-eb-00-00-02 on the head, its boot files by MAC address",
        "  /pxe/boot/ab000002 on the head, its boot files by serial number",
    ]
    after = before.replace(mac(2), mac(99)).replace("00000000ab000002", "ab000063")
    assert (small / "cluster.yaml").read_text() == after
    answer = json.loads(told(capsys, "replace", "3", "--mac", mac(3), "--serial", "ab000003", "--json"))
    assert (answer["before"]["mac"], answer["node"]["mac"], answer["tied"]) == ("", mac(3), [])
    assert (
        (small / "cluster.yaml")
        .read_text()
        .endswith(f'- {{number: 3, mac: "{mac(3)}", serial: "ab000003"}}  # empty\n')
    )


def test_replace_wants_one(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    err = refused(capsys, "replace", "1-2", "--mac", mac(99), "--serial", "ab000063")
    assert err == "error: `1-2` is 2 nodes\nhint: a board is replaced in one place\n"


def test_remove(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nodes", "remove", "two", "3"]) == 0
    err = capsys.readouterr().err
    assert "removed `two`; what still goes by it:\n" in err
    assert "  /pxe/nodes/two on the head, what its simulations left; it stays\n" in err
    assert (small / "cluster.yaml").read_text() == f"{HEAD}nodes:\n{node(1)}"
    assert json.loads(told(capsys, "remove", "1", "--json"))["removed"][0]["name"] == "node01"
    assert (small / "cluster.yaml").read_text() == f"{HEAD}nodes: []\n"


def test_import(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (small / "cluster.yaml").read_text()
    (small / "table").write_text(f"1 {mac(1)}\n3 {mac(3)}\n4 {mac(4)}\n")
    assert main(["nodes", "import", "table", "--dry-run"]) == 0
    assert capsys.readouterr().err == "1 node would be added, 1 would be given a MAC address, 1 the same\n"
    assert (small / "cluster.yaml").read_text() == before
    assert main(["nodes", "import", "table"]) == 0
    assert capsys.readouterr().err == "1 node added, 1 given a MAC address, 1 the same\n"
    third = f'  - {{number: 3, mac: "{mac(3)}"}}  # empty\n  - {{number: 4, mac: "{mac(4)}"}}\n'
    assert (small / "cluster.yaml").read_text() == before.replace("  - {number: 3}  # empty\n", third)
    assert json.loads(told(capsys, "import", "table", "--json")) == {"added": [], "completed": [], "same": 3}


def test_import_of_what_is_wrong(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (small / "table").write_text(f"1 {mac(1)}\n1 {mac(4)}\n5 {mac(4)}\nx\n")
    err = refused(capsys, "import", "table")
    assert "table:4:1: error: this is no line `NUMBER MAC`" in err
    assert "`table` has the number `1` twice" in err
    assert f"`table` has the MAC address `{mac(4)}` twice" in err
    (small / "table").write_text(f"1 {mac(9)}\n2 {mac(8)}\n")
    err = refused(capsys, "import", "table")
    assert f"error: `node01` is `{mac(1)}` in cluster.yaml and `{mac(9)}` in the table\n" in err
    assert "hint: if it has another board now: `nodebake nodes replace 2`\n" in err
    assert refused(capsys, "import", "none") == (
        "error: there is no file `none`\nhint: the table is /pxe/meta/mac_nodes on the head\n"
    )


def test_export(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nodes", "export"]) == 0
    out, err = capsys.readouterr()
    assert out == f"1 {mac(1)}\n2 {mac(2)}\n"
    assert err == "warning: `node03` is left out: its MAC address is not known\n"
    assert main(["nodes", "export", "--format", "dnsmasq"]) == 0
    assert capsys.readouterr().out == (
        f"dhcp-host={mac(1)},node01,10.42.0.1,infinite\ndhcp-host={mac(2)},two,10.42.0.2,infinite\n"
    )
    assert told(capsys, "export", "--format", "hosts", "2-3") == (
        "10.42.0.250 sevastopol\n10.42.0.2 two\n10.42.0.3 node03\n"
    )
    assert (
        told(capsys, "export", "--format", "clush")
        == "all: node[01,03],two\nbarA: node[01,03],two\nfew: two\n"
    )


def test_the_heads_dnsmasq_knows_its_own_network_only(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert told(capsys, "export", "17", "--format", "dnsmasq") == ""
    assert told(capsys, "export", "17") == f"17 {mac(17)}\n"


def test_the_example(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "cluster.yaml").write_bytes((ROOT / "cluster.example.yaml").read_bytes())
    assert main(["nodes", "check"]) == 0
    assert capsys.readouterr().err == "60 nodes, 5 groups: nothing wrong\n"
    zeros = json.loads(told(capsys, "list", "@zeros", "--json"))
    assert [each["number"] for each in zeros] == [17, 18, 19, 20, 21, 22, 24, 25, 26, 27, 28, 29]
    assert {each["board"] for each in zeros} == {"pizerow"}
    assert [each["address"] for each in zeros] == [f"192.168.1.{each['number'] + 104}" for each in zeros]
    others = json.loads(told(capsys, "list", "@all!@zeros", "--json"))
    assert [each["address"] for each in others] == [f"10.42.0.{each['number']}" for each in others]
    assert all(each["serial"][-6:] == each["mac"].replace(":", "")[-6:] for each in others)
    assert len(told(capsys, "export").splitlines()) == 60
