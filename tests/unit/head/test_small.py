# SPDX-License-Identifier: Apache-2.0
"""What the head reads and says in small: inventory, manifest, history, netconsole, rival servers."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from builder.errors import NodebakeError
from builder.head.boots import history
from builder.head.ground import machine
from builder.head.ground.layout import Layout
from builder.head.node import inventory
from builder.head.node.inventory import Inventory, Node
from builder.head.release import manifest
from builder.head.served import logs, netconsole
from builder.head.upkeep import doctor, rival

DATA = Path(__file__).parents[2] / "data"
NODE = Node("node01", 1, "b8:27:eb:00:00:01", "10.42.0.1", "pi3b")
OTHER = Node("node02", 2, "dc:a6:32:00:00:02", "10.42.0.2", "pi4", "1a2b3c4d")
KNOWN = Inventory("sevastopol", "10.42.0.250", ("10.42.0.0/24",), (NODE, OTHER))


def test_the_inventory_of_format_1_is_read() -> None:
    text = (DATA / "nodes-1.json").read_text()
    assert inventory.parse(text) == KNOWN
    assert inventory.dump(KNOWN) == text


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"number": 2}, "two nodes have the number `2`"),
        ({"name": "../etc"}, "`../etc` is no node's name"),
        ({"mac": "B8:27:EB:00:00:01"}, "node01: `B8:27:EB:00:00:01` is no MAC address in lower case"),
        ({"serial": "12"}, "node01: `12` is not the last eight hex digits of a serial number"),
        ({"address": "10.42.0"}, "AddressValueError: Expected 4 octets in '10.42.0'"),
        ({"board": "a b"}, "node01: board `a b`, number `1`"),
    ],
)
def test_an_inventory_that_is_wrong_is_told(change: dict[str, Any], says: str) -> None:
    wrong = replace(KNOWN, nodes=(replace(NODE, **change), KNOWN.nodes[1]))
    with pytest.raises(NodebakeError, match="the inventory is damaged") as caught:
        inventory.parse(inventory.dump(wrong))
    assert says in caught.value.facts


def test_an_inventory_of_another_format_is_refused() -> None:
    with pytest.raises(NodebakeError, match="format `2` cannot be read"):
        inventory.parse('{"format": 2}')
    with pytest.raises(NodebakeError, match="is damaged"):
        inventory.parse("nonsense")


def test_a_manifest_of_the_builder_is_read() -> None:
    release = manifest.parse((DATA / "manifest-2-netboot.json").read_bytes())
    assert (release.label, release.mode, release.prefix) == (
        "minimal-netboot/20260102-abababab", "shared", "20260102-abababab/",
    )  # fmt: skip
    assert [board.name for board in release.boards] == ["pi3b"]
    again = manifest.parse((DATA / "manifest-3-netboot.json").read_bytes())
    assert again == release


def test_an_image_that_can_be_tried_is_read() -> None:
    release = manifest.parse((DATA / "manifest-3-image.json").read_bytes())
    assert (release.mode, release.prefix) == ("card", "20260102-abababab/")
    assert release.cmdline == ("root=PARTUUID=88d94b30-02", "rootwait")
    stem = "minimal-20260102-abababab"
    assert release.served == (f"{stem}.boot.tar", f"{stem}.img.zst", f"{stem}.img.index")


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (("recipe",), "../x", "`../x` cannot be a name"),
        (("netboot", "boot"), "x.tar", "there is no artifact `x.tar`"),
        (("netboot", "mode"), "magic", "mode `magic`, writable `card`"),
        (("netboot", "prefix"), "20260102-abababab", "does not end in a slash"),
        (("netboot", "layers"), [], "mode `shared` with 0 layers and root ``"),
        (("netboot", "cmdline"), ["a b"], "the command line's `a b` is not one word"),
    ],
)
def test_a_manifest_that_would_lead_astray_is_refused(
    path: tuple[str, ...], value: object, says: str
) -> None:
    fields = json.loads((DATA / "manifest-2-netboot.json").read_bytes())
    place = fields
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    with pytest.raises(NodebakeError, match="the release manifest is damaged") as caught:
        manifest.parse(json.dumps(fields).encode())
    assert any(says in fact for fact in caught.value.facts)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("manifest-1.json", "a release manifest of format `1` cannot be published"),
        ("manifest-2-image.json", "`minimal/20260102-abababab` is no release for network boot"),
    ],
)
def test_what_is_no_netboot_release_is_refused(name: str, says: str) -> None:
    with pytest.raises(NodebakeError, match=says):
        manifest.parse((DATA / name).read_bytes())


def test_the_history_survives_a_torn_line(tmp_path: Path) -> None:
    layout = Layout(tmp_path, tmp_path)
    layout.state.mkdir()
    history.remember(layout, "publish", [("node01", "", "a"), ("node02", "", "a")])
    journal = layout.state / "journal.jsonl"
    journal.write_bytes(journal.read_bytes()[:-20])
    history.remember(layout, "publish", [("node01", "a", "b")])
    # Written before a switch that never was: what is present counts.
    history.remember(layout, "publish", [("node01", "b", "c")])
    assert history.former(layout, "node01", "b") == "a"
    assert history.former(layout, "node01", "c") == "b"
    assert history.former(layout, "node02", "a") == ""
    history.forget(layout, {"node01": "b"}, {("node01", "a"), ("node01", "b")})
    assert [(move.before, move.after) for move in history.moves(layout)] == [("", "a"), ("a", "b")]


def test_what_was_taken_back_is_not_come_back_to(tmp_path: Path) -> None:
    layout = Layout(tmp_path, tmp_path)
    layout.state.mkdir()
    for verb, before, after in (
        ("publish", "", "a"), ("publish", "a", "b"), ("publish", "b", "a"), ("rollback", "a", "b"),
    ):  # fmt: skip
        history.remember(layout, verb, [("node01", before, after)])
    assert history.former(layout, "node01", "b") == "a"
    history.remember(layout, "rollback", [("node01", "b", "a")])
    assert history.former(layout, "node01", "a") == ""


def test_the_journal_of_format_1_is_read(tmp_path: Path) -> None:
    layout = Layout(tmp_path, tmp_path)
    layout.state.mkdir()
    (layout.state / "journal.jsonl").write_bytes((DATA / "journal-1.jsonl").read_bytes())
    assert history.former(layout, "node01", "tiny-2") == "tiny-1"


def test_a_nodes_journal_is_no_other_nodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def run(argv: list[str], **_: Any) -> machine.Finished:
        asked.extend(word.rpartition("/")[2] for word in argv if word.startswith("--file="))
        return machine.Finished(0, b"one\ntwo\n", b"")

    monkeypatch.setattr(machine, "run", run)
    own = [
        "remote-10.42.0.1.journal",
        "remote-node1.journal",
        "remote-node1.lan.journal",
        "remote-node1@5a-1.journal",
    ]
    for name in (*own, "remote-10.42.0.11.journal", "remote-node10.journal", "remote-node1b@5a-1.journal"):
        (tmp_path / name).touch()
    assert logs.journal(replace(NODE, name="node1"), 5, tmp_path) == ["one", "two"]
    assert sorted(asked) == own


def test_netconsole_takes_nothing_from_strangers_and_is_bounded(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "pxe", tmp_path)
    inventory.keep(layout, KNOWN)
    writer = netconsole.Writer(layout, tmp_path / "log")
    netconsole.serve(writer, iter([("10.42.0.1", b"[0.0] hello\n[0.1] there\n"), ("10.9.9.9", b"boo\n")]))
    assert [path.name for path in (tmp_path / "log").iterdir()] == ["node01.log"]
    assert [line.split(" ", 1)[1] for line in logs.console(KNOWN.nodes[0], 5, tmp_path / "log")] == [
        "[0.0] hello", "[0.1] there",
    ]  # fmt: skip
    for _ in range(40):
        writer.take("10.42.0.1", b"x" * 60_000)
    sizes = {path.name: path.stat().st_size for path in (tmp_path / "log").iterdir()}
    assert set(sizes) == {"node01.log", "node01.log.1"}
    assert max(sizes.values()) <= netconsole.LIMIT + 100


def test_only_an_offer_to_ourselves_tells_of_a_server() -> None:
    asked = rival.discover(b"abcd")
    offer = b"\x02" + asked[1:240] + b"\x35\x01\x02\x36\x04\x0a\x2a\x00\x01\xff"
    assert rival.offered_by(offer, b"abcd") == "10.42.0.1"
    assert rival.offered_by(offer, b"abce") is None
    assert rival.offered_by(asked, b"abcd") is None
    assert rival.offered_by(offer[:241], b"abcd") is None


@pytest.mark.parametrize(
    ("line", "there"),
    [
        ("/pxe/nodes/node01 10.42.0.1(rw,sync)", True),
        ("/pxe/nodes/node01  10.42.0.0/24(rw)", True),
        ("/pxe/nodes/node01 10.42.0.2,10.42.0.1", True),
        ("/pxe/nodes/node01 (everyone)", False),
        ("/pxe/nodes/node01 10.42.0.11(rw)", False),
        ("/pxe/nodes 10.42.0.1(rw)", False),
    ],
)
def test_who_may_mount_what(line: str, there: bool) -> None:
    assert doctor.exported(line, "/pxe/nodes/node01", "10.42.0.1") == there


def test_sockets_that_wait_are_read_from_proc(tmp_path: Path) -> None:
    (tmp_path / "udp").write_text("head\n 0: 00000000:0043 00000000:0000 07\n")
    (tmp_path / "tcp").write_text(
        "head\n 0: 00000000:0801 00000000:0000 0A\n 1: 0100007F:006F 00000000:1 01\n"
    )
    assert doctor.listening(str(tmp_path)) == {"udp 67", "tcp 2049"}


def test_the_doctor_reads_nothing_but_what_is_in_a_nodes_own_boot_directory(tmp_path: Path) -> None:
    """The node writes there, and root reads it: a link may lead anywhere, to what never ends too."""
    boot, outside = tmp_path / "boot", tmp_path / "outside"
    boot.mkdir()
    outside.write_bytes(b"\0Linux version 9.9 (head)\0")
    kernel, config = boot / "kernel8.img", boot / "config.txt"
    assert doctor.kernel_version(tmp_path / "none", "") == ""
    kernel.write_bytes(b"\0Linux version 6.12 (node)\0")
    assert doctor.kernel_version(boot, "") == "6.12"
    config.write_text("kernel=../outside\n")
    assert doctor.kernel_version(boot, "") == ""
    config.unlink()
    for nowhere in ("/dev/stdin", "config.txt"):
        config.unlink(missing_ok=True)
        config.symlink_to(nowhere)
        assert doctor.kernel_version(boot, "") == "6.12"
    config.unlink()
    os.mkfifo(config)
    assert doctor.kernel_version(boot, "") == "6.12"
    kernel.unlink()
    kernel.symlink_to(outside)
    assert doctor.kernel_version(boot, "") == ""
