# SPDX-License-Identifier: Apache-2.0
"""Nodes are lent to what flashes their cards, and to what was flashed; then it is settled how it went."""

from __future__ import annotations

import shutil
import time

import pytest

from builder.errors import NodebakeError
from builder.head.boots import cards
from builder.head.boots.cards import Card, Cards, Trial
from tests.fixtures import ROOT
from tests.head.ground import Ended, Ground, node
from tests.head.release import Tiny
from tests.needs import needs_tool

pytestmark = needs_tool("ssh-keygen", "dnsmasq", "zstd", "tar")

ONE, TWO = node(1), node(2)
FORMER = Tiny()
FLASHER = Tiny(recipe="flasher", version="20260501-eeeeeeee", mode="ram")
CARD = Tiny(recipe="sdcard", version="20260601-ffffffff", mode="card")


def assign(ground: Ground, tiny: Tiny, *words: str) -> None:
    ended = ground.call(
        "assign",
        ground.made(tiny),
        "--inventory",
        ground.nodes,
        "--nfs",
        "kernel",
        "--nodes",
        "node01",
        *words,
    )
    assert ended.code == 0, ended.events


def settle(ground: Ground, outcome: str) -> Ended:
    return ground.call("settle", outcome, "--nodes", "node01", "--nfs", "kernel")


def trying(ground: Ground) -> None:
    """node01 has been flashed and tries what is on its card."""
    ground.publish(ground.made(FORMER))
    assign(ground, FLASHER)
    assign(ground, CARD)


def test_what_is_tried_starts_again_by_itself(ground: Ground) -> None:
    trying(ground)
    assert ground.whole(ONE) == CARD.version
    assert ground.whole(TWO) == FORMER.version
    words = (ground.boots(ONE) / CARD.prefix / "cmdline.txt").read_text().split()
    assert {"root=PARTUUID=88d94b30-02", "panic=10", "nodebake.trial=900"} < set(words)
    trial = cards.load(ground.layout).trials["node01"]
    assert (trial.release, trial.former) == (f"sdcard/{CARD.version}", f"tiny-{FORMER.version}")
    assert trial.rest == f"flasher-{FLASHER.version}"


def test_a_release_is_held_and_nobody_is_switched(ground: Ground) -> None:
    words = ("--inventory", ground.nodes, "--nodes", "node01")
    assert ground.call("take", ground.made(CARD), *words).answer["release"] == f"sdcard/{CARD.version}"
    assert ground.call("take", ground.made(CARD), *words).operations == []
    assert not ground.layout.boot.exists()
    assert [line.split()[0] for line in ground.call("known-hosts").answer] == ["node01,10.42.0.1"]
    assert ground.call("assign", f"sdcard/{CARD.version}", "--nodes", "node01", "--nfs", "kernel").code == 0
    assert ground.whole(ONE) == CARD.version


def test_a_node_that_passed_rests_with_what_flashed_it(ground: Ground) -> None:
    trying(ground)
    assert settle(ground, "passed").answer["passed"] == ["node01"]
    assert ground.whole(ONE) == FLASHER.version
    known = cards.load(ground.layout)
    assert not known.trials
    assert known.cards["node01"].release == f"sdcard/{CARD.version}"
    # Said twice it is the same; and what flashed it is not cleaned away.
    assert settle(ground, "passed").code == 0
    assert ground.call("gc", "--keep", "1", "--nfs", "kernel").code == 0
    assert ground.whole(ONE) == FLASHER.version


def test_a_node_that_failed_goes_back(ground: Ground) -> None:
    trying(ground)
    ended = settle(ground, "failed")
    assert ended.answer["back"] == [f"node01: tiny/{FORMER.version}"]
    assert ground.whole(ONE) == FORMER.version
    assert cards.load(ground.layout) == Cards()
    again = settle(ground, "failed")
    assert (again.code, again.operations) == (0, [])


def test_what_it_goes_back_to_is_not_cleaned_away(ground: Ground) -> None:
    trying(ground)
    assert ground.call("gc", "--keep", "1", "--nfs", "kernel").code == 0
    assert settle(ground, "failed").code == 0
    assert ground.whole(ONE) == FORMER.version


def test_time_takes_a_trial_back(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    trying(ground)
    assert ground.call("settle", "--nfs", "kernel").operations == []
    later = time.time() + 3601
    monkeypatch.setattr(time, "time", lambda: later)
    ended = ground.call("settle", "--nfs", "kernel")
    assert ended.answer == {"passed": [], "back": [f"node01: tiny/{FORMER.version}"], "dry_run": False}
    assert ground.whole(ONE) == FORMER.version


def test_who_is_published_to_tries_nothing_any_more(ground: Ground) -> None:
    trying(ground)
    ground.publish(ground.made(FORMER))
    assert cards.load(ground.layout) == Cards()
    assert ground.whole(ONE) == FORMER.version


def test_publishing_to_a_node_with_a_card_is_told(ground: Ground) -> None:
    trying(ground)
    settle(ground, "passed")
    (warning,) = ground.publish(ground.made(FORMER)).warnings
    assert warning == f"node01 boots sdcard/{CARD.version} from its card, and this only without it"


def test_rolling_back_ends_a_trial(ground: Ground) -> None:
    trying(ground)
    assert ground.call("rollback", "--nodes", "node01").code == 0
    assert not cards.load(ground.layout).trials


def test_a_node_that_leaves_its_card_boots_what_it_booted_before(ground: Ground) -> None:
    trying(ground)
    settle(ground, "passed")
    ended = settle(ground, "left")
    assert ended.answer["back"] == [f"node01: tiny/{FORMER.version}"]
    assert ground.whole(ONE) == FORMER.version
    assert cards.load(ground.layout) == Cards()
    assert settle(ground, "left").operations == []


def test_who_runs_from_a_card_leaves_the_exports_of_root_and_boot(ground: Ground) -> None:
    private = Tiny(version="20260301-cccccccc", mode="private")
    ground.publish(ground.made(private))
    assign(ground, FLASHER)
    assign(ground, CARD)
    table = ground.layout.etc / "exports.d/nodebake.exports"

    def exported(node: str) -> set[str]:
        lines = (line.split()[0].strip('"') for line in table.read_text().splitlines()[1:])
        places = (line.removeprefix(f"{ground.layout.pxe}/") for line in lines)
        return {
            place.rpartition("/")[2] if "instances" in place else place for place in places if node in place
        }

    before = exported("node01")
    assert before == {"identity/node01", "nodes/node01", "boot", "root", "data"}
    settle(ground, "passed")
    assert exported("node01") == before - {"boot", "root"}
    assert {"boot", "root"} < exported("node02")
    settle(ground, "left")
    assert exported("node01") == before


def test_rolling_back_a_node_on_its_card_is_refused(ground: Ground) -> None:
    trying(ground)
    settle(ground, "passed")
    ended = ground.call("rollback", "--nodes", "node01,node02")
    assert ended.code == 5
    assert ended.error["message"].startswith("1 of 2 nodes boot from their cards")
    assert ended.error["hint"] == "`nodebake rollout undo` takes nodes back from their cards"


def test_a_new_flash_takes_the_card_away(ground: Ground) -> None:
    trying(ground)
    settle(ground, "passed")
    assign(ground, FLASHER)
    known = cards.load(ground.layout)
    assert not known.cards
    assert known.trials["node01"].release == f"flasher/{FLASHER.version}"


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("assign", "tiny/20260101-aaaaaaaa"), 5, "tiny/20260101-aaaaaaaa is of mode `shared`, which is for"),
        (("assign", "tiny/20260101-aaaaaaaa", "--minutes", "0"), 2, "`--minutes 0` is no time"),
        (("settle", "passed", "--nodes", "node02"), 5, "1 of 1 nodes try no card"),
        (("settle", "passed"), 2, "`passed` of which nodes?"),
        (("settle", "--nodes", "node02"), 2, "`--nodes` says how it went with whom"),
        (("serve", "tiny/20260101-aaaaaaaa"), 1, "the head holds no image of tiny/20260101-aaaaaaaa"),
        (
            ("publish", "sdcard/20260601-ffffffff"),
            5,
            "sdcard/20260601-ffffffff boots from a node's card",
        ),
    ],
)
def test_refusals(words: tuple[str, ...], code: int, message: str, ground: Ground) -> None:
    trying(ground)
    ended = ground.call(*words, *(("--nfs", "kernel") if words[0] in ("assign", "publish", "settle") else ()))
    assert ended.code == code
    assert ended.error["message"].startswith(message)
    assert ended.error["hint"]


def test_cards_that_cannot_be_read(ground: Ground) -> None:
    ground.layout.state.mkdir(parents=True)
    path = ground.layout.state / "cards.json"
    path.write_text('{"format": 2}')
    with pytest.raises(NodebakeError, match="of format `2` cannot be read"):
        cards.load(ground.layout)
    path.write_text('{"format": 1, "trials": []}')
    with pytest.raises(NodebakeError, match="is damaged"):
        cards.load(ground.layout)


def test_format_1_is_read_for_good(ground: Ground) -> None:
    known = Cards(
        {"node02": Trial("sdcard/20260601-ffffffff", "tiny-20260101-aaaaaaaa", "flasher-1", 10, 20)},
        {"node01": Card("sdcard/20260601-ffffffff", "flasher-1", 30)},
    )
    ground.layout.state.mkdir(parents=True)
    shutil.copy(ROOT / "tests/data/cards-1.json", ground.layout.state / "cards.json")
    assert cards.load(ground.layout) == known
    assert cards.dump(known) == (ROOT / "tests/data/cards-1.json").read_text()
