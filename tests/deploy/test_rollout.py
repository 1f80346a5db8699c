# SPDX-License-Identifier: Apache-2.0
"""From the operator's command line to nodes on their cards: a real head, real ssh, HTTP, a journal."""

from __future__ import annotations

import base64
import json
from argparse import Namespace
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from builder.cli.at_head import at_head
from builder.cli.rollout import conduct
from builder.deploy.cluster_lock import cluster_lock
from builder.head.boots import cards
from builder.report.silent import SilentReport
from builder.rollout import site
from builder.rollout.orders import order
from tests.deploy.boards import Board, boards
from tests.deploy.conftest import Operator
from tests.flash.ground import ROOT
from tests.head.ground import node
from tests.head.release import Tiny
from tests.needs import needs_tool
from tests.tools.power.sshd import USER

pytestmark = needs_tool("sshd", "ssh-keygen", "dnsmasq", "zstd", "unshare", "losetup")

FORMER = Tiny()
FLASHER = Tiny(recipe="flasher", version="20260501-eeeeeeee", mode="ram")
CARD = Tiny(recipe="sdcard", version="20260601-ffffffff", mode="card", wants=("wifi",))
PASSPHRASE = "nobody may read this"
LABEL = f"sdcard/{CARD.version}"
NODES = tuple(replace(node(number), address=f"127.0.3.{number}") for number in (1, 2, 3))


@dataclass(frozen=True)
class Rack:
    """An operator with nodes that boot over the network."""

    operator: Operator
    boards: list[Board]

    def call(self, verb: str, *words: str) -> tuple[int, str, str]:
        said = self.operator.ask(verb, *words)
        return said.code, said.out, said.err


@pytest.fixture
def rack(operator: Operator, place: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rack]:
    ground = operator.ground
    ground.take_stock(*NODES)
    ground.publish(ground.made(FORMER))
    for tiny in (FLASHER, CARD):
        (ground.made(tiny).parent / "latest").symlink_to(tiny.version)
    monkeypatch.setattr(site, "POLL", 0.2)
    (operator.root / "site.yaml").write_text("format: 1\nsecrets: {wifi: {file: wifi-passphrase}}\n")
    (operator.root / "wifi-passphrase").write_text(PASSPHRASE)
    with boards(ground, NODES, place / "rack") as (keys, port, found):
        rows = "".join(f'  - {{number: {each.number}, mac: "{each.mac}"}}\n' for each in NODES)
        (operator.root / "cluster.yaml").write_text(
            "format: 1\nhead: {name: sevastopol, board: pi3bplus, address: 127.0.3.250, user: pi}\n"
            "networks: {lan: {subnet: 127.0.3.0/24, first: 127.0.3.1}}\n"
            f"ssh: {{user: {USER}, port: {port}, key: {keys.private}, timeout: 10}}\n"
            f"defaults: {{board: pi3b, network: lan}}\nnodes:\n{rows}"
        )
        yield Rack(operator, found)


def test_a_node_is_moved_to_its_card(rack: Rack) -> None:
    code, out, err = rack.call("deploy", "sdcard", "node01", "--force")
    assert code == 0, err
    assert out == "node01  done\n"
    assert f"1 of 1 nodes boot {LABEL} from their cards" in err
    first, second, _ = rack.boards
    assert (first.runs, first.by_itself) == (LABEL, True)
    assert (first.folder / "card.img").read_bytes()[ROOT : len(CARD.image)] == CARD.image[ROOT:]
    key = "etc/ssh/ssh_host_ed25519_key"
    known = rack.operator.ground.layout.identities / "node01" / key
    assert (first.folder / "root-of-card" / key).read_bytes() == known.read_bytes()
    assert second.runs == f"tiny/{FORMER.version}"
    assert cards.load(rack.operator.ground.layout).cards["node01"].release == LABEL


def test_a_node_that_is_not_well_goes_back(rack: Rack) -> None:
    (rack.boards[0].folder / "lame").touch()
    code, out, err = rack.call("deploy", "sdcard", "node01", "--force")
    assert code == 1
    why = "node01 is not well: docker runs no container: read-only file system"
    assert out == f"node01  restored: {why}\n"
    assert f"error: 0 of 1 nodes boot {LABEL} from their cards\n  node01: {why}\n" in err
    assert rack.boards[0].runs == f"tiny/{FORMER.version}"
    assert not cards.load(rack.operator.ground.layout).trials


def test_a_card_gets_back_what_was_on_it(rack: Rack) -> None:
    """Its former system was on that very card: it is written there again, older as it is."""
    ground, board = rack.operator.ground, rack.boards[0]
    assert rack.call("deploy", "sdcard", "node01", "--force")[0] == 0
    later = replace(CARD, version="20260701-abababab", epoch=CARD.epoch + 86400)
    latest = ground.made(later).parent / "latest"
    latest.unlink()
    latest.symlink_to(later.version)
    (board.folder / "lame").touch()
    code, out, err = rack.call("deploy", "sdcard", "node01", "--force")
    assert code == 1, err
    why = "node01 is not well: docker runs no container: read-only file system"
    assert out == f"node01  restored: {why}\n", err
    assert (board.runs, board.by_itself) == (LABEL, True)
    assert (board.folder / "card.img").read_bytes()[ROOT : len(CARD.image)] == CARD.image[ROOT:]
    known = cards.load(ground.layout)
    assert (known.cards["node01"].release, dict(known.trials)) == (LABEL, {})
    # Well again, it arrives; and one command takes it back.
    (board.folder / "lame").unlink()
    code, _, err = rack.call("deploy", "sdcard", "node01", "--force")
    assert (code, board.runs) == (0, f"sdcard/{later.version}"), err
    code, _, err = rack.call("rollout undo", "--yes", "--force")
    assert (code, board.runs, board.by_itself) == (0, LABEL, True), err


def test_a_rollout_and_back(rack: Rack) -> None:
    words = ("sdcard", "node[01-03]", "--canary", "node02", "--wave", "2")
    code, out, err = rack.call("rollout", *words)
    assert (code, out) == (0, "wave 1: node02\nwave 2: node[01,03]\n")
    code, out, err = rack.call("rollout", *words, "--yes", "--force")
    assert code == 0, err
    assert [board.runs for board in rack.boards] == [LABEL] * 3
    told = [line for line in err.splitlines() if "boots from its card" in line]
    assert told[0].startswith("node02: ")
    said = rack.operator.call("rollout", "status")
    assert said.out.splitlines()[1:] == ["node02  done", "node01  done", "node03  done"]
    assert f"3 of 3 nodes boot {LABEL}" in rack.operator.call("rollout", "history").out
    code, out, err = rack.call("rollout undo", "--yes", "--force")
    assert code == 0, err
    assert [board.runs for board in rack.boards] == [f"tiny/{FORMER.version}"] * 3


def test_who_is_not_known_well_enough_is_told(rack: Rack) -> None:
    inventory = rack.operator.root / "cluster.yaml"
    inventory.write_text(f"{inventory.read_text()}  - {{number: 4}}\n")
    code, out, err = rack.call("rollout", "sdcard", "@all")
    assert (code, out) == (0, "wave 1: node[01-03]\n")
    assert "warning: `node04` is left out: its MAC address is not known\n" in err


def test_many_at_once_take_it_from_each_other(rack: Rack, monkeypatch: pytest.MonkeyPatch) -> None:
    ordered = []

    def told(*words: Any, swarm: bool, from_card: bool) -> dict[str, Any]:
        ordered.append(swarm)
        return order(*words, swarm=swarm, from_card=from_card)

    monkeypatch.setattr(conduct, "order", told)
    code, _, err = rack.call("deploy", "sdcard", "node[01-03]", "--force")
    assert code == 0, err
    assert ordered == [True] * 3
    assert [board.runs for board in rack.boards] == [LABEL] * 3
    journal = next((rack.operator.root / "rollouts").glob("*.jsonl")).read_text()
    events = [json.loads(line) for line in journal.splitlines()]
    receipts = [json.loads(each["why"]) for each in events if each.get("stage") == "flashed"]
    # So small an image may come from the head alone.
    assert all(each["moved"] >= each["from_nodes"] for each in receipts)
    assert len(receipts) == 3
    assert err.count("its card is written and read back: ") == 3


def test_a_canary_that_fails_stops_all(rack: Rack) -> None:
    (rack.boards[1].folder / "lame").touch()
    code, _, err = rack.call("rollout", "sdcard", "--canary", "node02", "--yes", "--force")
    assert code == 1
    assert "no more are begun: too many have failed" in err
    assert [board.runs for board in rack.boards] == [f"tiny/{FORMER.version}"] * 3
    # Looked at, mended, gone on with.
    code, _, err = rack.call("rollout resume")
    assert code == 1
    assert [board.runs for board in rack.boards] == [LABEL, f"tiny/{FORMER.version}", LABEL]


def test_a_held_node_is_left_alone(rack: Rack) -> None:
    assert rack.call("hold", "node01", "--reason", "a run until Friday")[0] == 0
    code, _, err = rack.call("deploy", "sdcard", "node01")
    assert code == 5
    assert "node01 is held by " in err
    assert rack.boards[0].runs == f"tiny/{FORMER.version}"
    assert rack.operator.call("rollout", "history").out == ""


def test_a_second_rollout_waits_for_the_first(rack: Rack) -> None:
    there = Namespace(project=rack.operator.root, here=False, head=rack.operator.address)
    with (
        at_head(there, SilentReport()) as head,
        cluster_lock(head.head, "deploy", "somebody", sudo=True),
    ):
        code, _, err = rack.call("deploy", "sdcard", "node01", "--force")
    assert code == 5
    assert err.startswith("error: `deploy sdcard` has to wait: the cluster is in use\n")


def test_a_release_for_the_network_is_refused(rack: Rack) -> None:
    (rack.operator.ground.folder / "out/tiny/latest").symlink_to(FORMER.version)
    code, _, err = rack.call("deploy", "tiny", "node01")
    assert code == 5
    assert err.startswith(f"error: tiny/{FORMER.version} is not for cards: nodes boot it over the network\n")


def test_an_image_that_cannot_be_tried_is_refused(rack: Rack) -> None:
    folder = rack.operator.ground.folder / "out/sdcard" / CARD.version
    told = json.loads((folder / "manifest.json").read_text())
    told["image"]["trial"], told["base"] = None, "raspios"
    (folder / "manifest.json").write_text(json.dumps(told))
    code, _, err = rack.call("deploy", "sdcard", "node01")
    assert (code, err) == (
        5,
        f"error: {LABEL} has no trial boot\n"
        "  images on the base `raspios` cannot be tried over the network yet\n"
        "  a node whose card boots a broken system cannot be reached\n"
        "hint: write the cards in a reader: nodebake write sdcard DEVICE --node NODE\n",
    )


def test_a_secret_goes_onto_the_card_and_nowhere_else(rack: Rack) -> None:
    code, out, err = rack.call("deploy", "sdcard", "node01", "--force")
    assert code == 0, err
    root = rack.boards[0].folder / "root-of-card"
    secret = root / "etc/nodebake/secrets/wifi"
    assert (secret.read_text(), secret.stat().st_mode & 0o777) == (PASSPHRASE, 0o600)
    coded = base64.b64encode(PASSPHRASE.encode())
    own = {secret, rack.boards[0].folder / "etc/nodebake/secrets/wifi"}
    place = rack.operator.ground.folder.parent
    own.add(rack.operator.root / "wifi-passphrase")
    found = [
        path for path in place.rglob("*") if path.is_file() and not path.is_symlink() and path not in own
    ]
    assert len(found) > 50
    for path in found:
        data = path.read_bytes()
        assert PASSPHRASE.encode() not in data, path
        assert coded not in data, path
    assert PASSPHRASE not in out + err


def test_a_secret_that_is_not_there_is_told_before_anything_is_done(rack: Rack) -> None:
    (rack.operator.root / "site.yaml").write_text("format: 1\n")
    for words in (("deploy", "sdcard", "node01", "--force"), ("rollout", "sdcard", "node01")):
        code, out, err = rack.call(*words)
        assert (code, out) == (2, "")
        assert err.startswith("error: the release wants a secret `wifi` that site.yaml does not know\n"), err
    assert rack.operator.call("rollout", "history").out == ""
