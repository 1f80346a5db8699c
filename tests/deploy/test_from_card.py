# SPDX-License-Identifier: Apache-2.0
"""Nodes that boot from nothing but their cards are flashed over ssh, by a flasher that is a guest on them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from builder.cli.project import Project
from builder.deploy.keys import Ring
from builder.errors import NodebakeError
from builder.flash.agent.receipt import Receipt
from builder.flash.offer import offer
from builder.flash.several import Wish, carry_out, orders
from builder.report.silent import SilentReport
from builder.rollout import from_card, site, way
from tests.deploy.conftest import Operator
from tests.deploy.guests import KEY, SECOND, SIZE, Card, Guest, Wider, grow, guest
from tests.flash.ground import BOOT, SLOT, blank, sign
from tests.head.release import Tiny
from tests.needs import needs_tool
from tests.tools.power.sshd import USER, Keys

pytestmark = needs_tool("sshd", "ssh-keygen", "mke2fs", "debugfs", "unshare", "losetup")

FORMER = Card(seed=1, version="20260501-aaaaaaaa", size=SIZE, boards=("pizerow",))
NEWER = replace(FORMER, seed=2, version="20260601-bbbbbbbb", epoch=FORMER.epoch + 86400)
FLASHER = Tiny(recipe="flasher-card", version="20260501-eeeeeeee", mode="ram", boards=("pizerow",))
LABEL = f"flasher-card/{FLASHER.version}"
WITHIN = ("--up-within", "20")
ADDRESS = "127.0.4.17"
TRIED_FOR = 2
OWN_FILES = ["cmdline.txt", "config.txt", "kernel.img"]


@dataclass(frozen=True)
class Desk:
    """An operator, and a node on the wireless network."""

    operator: Operator
    node: Guest

    @property
    def out(self) -> Path:
        return self.operator.ground.folder / "out"

    def release(self, made: Card | Tiny, padded: int = 0) -> None:
        """Make it the latest of its recipe, signed; `padded` by a layer of so many bytes."""
        _latest(self.operator.root, self.out, made, padded)

    def call(self, verb: str, *words: str) -> tuple[int, str, str]:
        said = self.operator.ask(verb, *words)
        return said.code, said.out, said.err


@pytest.fixture
def desk(operator: Operator, place: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    ground, root = operator.ground, operator.root
    assert operator.call("key", "new").code == 0
    ring = Ring(root)
    out = ground.folder / "out"
    for release in (FORMER, NEWER, FLASHER):
        _latest(root, out, release)
    monkeypatch.setattr(site, "POLL", 0.2)
    # Nothing here switches its power.
    monkeypatch.setattr(way, "TRIAL", TRIED_FOR)
    monkeypatch.setattr(from_card, "PATIENCE", 0)
    keys = Keys(place / "keys")
    keys.folder.mkdir()
    keys.make("operator")
    keys.make(f"host-{ADDRESS}")
    (root / "known_hosts").write_text(f"node17 {(keys.folder / f'host-{ADDRESS}.pub').read_text()}")

    def cluster(port: int) -> None:
        (root / "cluster.yaml").write_text(
            "format: 1\nhead: {name: sevastopol, board: pi3bplus, address: 127.0.3.250, user: pi}\n"
            "networks:\n  lan: {subnet: 127.0.3.0/24, first: 127.0.3.1}\n"
            "  wifi: {subnet: 127.0.4.0/24, first: 127.0.4.1, wireless: true}\n"
            f"ssh: {{user: {USER}, port: {port}, key: {keys.private}, timeout: 10}}\n"
            "defaults: {board: pizerow, network: wifi}\n"
            'nodes:\n  - {number: 17, mac: "b8:27:eb:00:00:11"}\n'
            '  - {number: 2, mac: "b8:27:eb:00:00:02", board: pi3b, network: lan}\n'
        )

    cluster(22)
    card = blank(place / "card.img", SIZE + (1 << 20))
    _write(root, out / FORMER.label, card, ring)
    (place / "node17").mkdir()
    with guest(keys, place / "node17", ADDRESS, (FORMER, NEWER), card) as (node, port):
        cluster(port)
        assert node.runs == FORMER.label
        yield Desk(operator, node)


def _latest(root: Path, out: Path, made: Card | Tiny, padded: int = 0) -> None:
    folder = made.make(out)
    if padded:
        grow(folder, padded)
    sign(folder, next((root / "keys").glob("release-*[!b]")))
    (folder.parent / "latest").unlink(missing_ok=True)
    (folder.parent / "latest").symlink_to(folder.name)


def _write(root: Path, release: Path, card: Path, ring: Ring) -> None:
    """What `nodebake write` does in a reader."""
    project = Project(root)
    known = project.cluster()
    offered = offer(release, ring.signers_file, ring.revoked_file)
    trust = {"etc/nodebake/allowed_signers": ring.signers_file.read_text()}
    given = orders(offered, [str(card)], known.select(["node17"]), known, {}, Wish(), trust)
    (done,) = carry_out(offered, given, SilentReport())
    assert isinstance(done, Receipt), done


def second_partition(release: Card) -> bytes:
    return release.image[SECOND:]


def slot(desk: Desk) -> bytes:
    return (desk.node.folder / "card.img").read_bytes()[SLOT.start : SLOT.start + SLOT.size]


def damaged(image: bytes) -> bytes:
    """Its last MiB is not what was signed."""
    return image[: -(1 << 20)] + bytes([1]) * (1 << 20)


def test_it_is_moved_to_a_newer_system_and_back(desk: Desk) -> None:
    code, out, err = desk.call("deploy", "zero", "node17", "--force", *WITHIN)
    assert code == 0, err + desk.node.said
    assert out == "node17  done\n"
    # Once to be tried, once to stay.
    assert desk.node.boots == [FORMER.label, LABEL, NEWER.label, NEWER.label]
    assert not any(slot(desk))
    assert (desk.node.folder / "card.img").read_bytes()[SECOND:SIZE] == second_partition(NEWER)
    # Nothing of the guest is left, and the node is itself.
    assert desk.node.on_boot() == OWN_FILES
    own = desk.node.folder / "root-of-card"
    assert (own / "etc/hostname").read_text() == "node17\n"
    assert (own / KEY).read_bytes() == (desk.node.folder.parent / f"keys/host-{ADDRESS}").read_bytes()
    code, out, err = desk.call("rollout undo", "--yes", "--force", *WITHIN)
    assert code == 0, err + desk.node.said
    assert desk.node.boots[-3:] == [LABEL, FORMER.label, FORMER.label]
    # What the node trusts came with it each time.
    assert desk.call("deploy", "zero", "node17", "--force", *WITHIN)[0] == 0


def test_one_that_is_not_well_gets_back_what_it_had(desk: Desk) -> None:
    (desk.node.folder / "lame").touch()
    code, out, err = desk.call("deploy", "zero", "node17", "--force", *WITHIN)
    assert code == 1, err
    why = "node17 is not well: docker runs no container: read-only file system"
    assert out == f"node17  restored: {why}\n", err + desk.node.said
    assert desk.node.boots == [FORMER.label, LABEL, NEWER.label, LABEL, FORMER.label, FORMER.label]


def test_one_whose_new_system_panics_gets_back_what_it_had(desk: Desk) -> None:
    (desk.node.folder / "panics").write_text(NEWER.label)
    code, out, err = desk.call("deploy", "zero", "node17", "--force", *WITHIN)
    assert code == 1, err
    assert out == f"node17  restored: node17 came up with {LABEL}: wanted: {NEWER.label}\n"
    assert desk.node.boots == [FORMER.label, LABEL, "panic", LABEL, FORMER.label, FORMER.label], (
        desk.node.said
    )
    assert desk.node.on_boot() == OWN_FILES


def test_one_whose_new_system_is_not_heard_of_gets_back_what_it_had(desk: Desk) -> None:
    (desk.node.folder / "mute").write_text(NEWER.label)
    code, out, err = desk.call("deploy", "zero", "node17", "--force", "--up-within", "8")
    assert code == 1, err
    assert out.startswith("node17  restored: node17 has not come up within 8 s: "), err
    assert desk.node.boots == [FORMER.label, LABEL, NEWER.label, LABEL, FORMER.label, FORMER.label], (
        desk.node.said
    )


def test_a_flasher_that_nobody_reaches_goes_away_by_itself(desk: Desk) -> None:
    (desk.node.folder / "deaf").touch()
    code, out, err = desk.call("deploy", "zero", "node17", "--force", "--up-within", "8")
    assert code == 1
    assert "when it starts again it boots the flasher, or what it ran before" in out + err
    # What its own unit does then.
    desk.node.start()
    assert desk.node.boots == [FORMER.label, LABEL, FORMER.label]
    assert desk.node.runs == FORMER.label
    (desk.node.folder / "deaf").unlink()
    code, _, err = desk.call("deploy", "zero", "node17", "--force", *WITHIN)
    assert (code, desk.node.runs) == (0, NEWER.label), err + desk.node.said


async def refuses(there: site.Site, node: str, *_: object, **__: object) -> None:
    raise NodebakeError(f"{node} does not start again")


def test_one_that_does_not_start_again_is_left_as_it_was(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site.Site, "restart", refuses)
    code, out, _ = desk.call("deploy", "zero", "node17", "--force", *WITHIN)
    assert (code, out) == (1, "node17  restored: node17 does not start again\n")
    assert desk.node.on_boot() == OWN_FILES
    desk.node.start()
    assert desk.node.boots == [FORMER.label] * 2, desk.node.said


def test_one_that_was_given_up_before_it_started_is_visited_anew(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its card boots the flasher already, and still what it ran before is not forgotten."""
    with monkeypatch.context() as ill:
        ill.setattr(site.Site, "restart", refuses)
        ill.setattr(site.Site, "script", refuses)
        assert desk.call("deploy", "zero", "node17", "--force", *WITHIN)[0] == 1
    assert desk.node.boots == [FORMER.label]
    (desk.node.folder / "deaf").touch()
    assert desk.call("deploy", "zero", "node17", "--force", "--up-within", "8")[0] == 1
    desk.node.start()
    assert desk.node.boots == [FORMER.label, LABEL, FORMER.label], desk.node.said


def test_a_card_that_is_written_in_part_boots_the_flasher_until_it_is_whole(desk: Desk) -> None:
    image = desk.out / NEWER.label / f"zero-{NEWER.version}.img"
    good = image.read_bytes()
    image.write_bytes(damaged(good))
    # Nothing that it could get back is here any more.
    (desk.out / FORMER.label).rename(desk.out / "elsewhere")
    code, out, err = desk.call("deploy", "zero", "node17", "--force", *WITHIN)
    assert code == 1, out
    assert (desk.node.folder / "card.img").read_bytes()[SECOND:SIZE] != second_partition(FORMER)
    for _ in range(3):
        desk.node.start()
        assert desk.node.boots[-1] == LABEL
    image.write_bytes(good)
    code, _, err = desk.call("deploy", "zero", "node17", "--force", *WITHIN)
    assert (code, desk.node.runs) == (0, NEWER.label), err + desk.node.said


class Killed(BaseException):
    """The program ends here."""


def test_one_that_was_written_and_not_told_of_is_written_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its card holds nothing of the flasher any more, which is up yet."""
    flash = site.Site.flash

    async def flash_and_end(there: site.Site, node: str, release: str, then: str) -> str:
        assert then
        await flash(there, node, release)
        raise Killed

    with monkeypatch.context() as short, pytest.raises(Killed):
        short.setattr(site.Site, "flash", flash_and_end)
        desk.call("deploy", "zero", "node17", "--force", *WITHIN)
    assert desk.node.on_boot() == OWN_FILES
    code, _, err = desk.call("rollout resume", *WITHIN)
    assert (code, desk.node.runs) == (0, NEWER.label), err + desk.node.said
    assert desk.node.boots == [FORMER.label, LABEL, NEWER.label, NEWER.label]


def test_a_half_written_card_gets_back_what_it_had(desk: Desk) -> None:
    image = desk.out / NEWER.label / f"zero-{NEWER.version}.img"
    image.write_bytes(damaged(image.read_bytes()))
    code, out, err = desk.call("deploy", "zero", "node17", "--force", *WITHIN)
    assert code == 1, err
    assert out.startswith("node17  restored: "), err + desk.node.said
    assert desk.node.boots == [FORMER.label, LABEL, FORMER.label, FORMER.label]


def test_another_boot_partition_is_refused_and_nothing_is_lost(desk: Desk) -> None:
    moved = Wider(seed=3, version="20260701-cccccccc", size=SIZE, boards=("pizerow",), epoch=NEWER.epoch + 1)
    desk.release(moved)
    code, out, _ = desk.call("deploy", "zero", "node17", "--force", *WITHIN)
    assert code == 1
    assert "the boot partition of `/dev/mmcblk0` is not where `zero/20260701-cccccccc` has it" in out
    assert desk.node.boots == [FORMER.label, LABEL, FORMER.label]
    assert desk.node.on_boot() == OWN_FILES


def test_an_image_without_room_for_its_flasher_is_refused(desk: Desk) -> None:
    desk.release(
        replace(FLASHER, version="20260801-dddddddd", top={"etc/motd": "x"}, needs=0), padded=4 << 20
    )
    code, _, err = desk.call("deploy", "zero", "node17", "--force", *WITHIN)
    assert code == 5
    assert err.startswith(
        f"error: the boot partition of {NEWER.label} has no room for what flashes it\n"
        "  4 MiB of it are free, flasher-card/20260801-dddddddd takes 5 MiB\n"
    )
    assert desk.node.boots == [FORMER.label]


def test_a_boot_partition_without_room_is_refused(desk: Desk) -> None:
    clutter = desk.node.folder / "clutter"
    clutter.write_bytes(bytes(range(256)) * (12 << 10))
    argv = ["/usr/sbin/debugfs", "-w", "-R", f"write {clutter} clutter"]
    subprocess.run([*argv, f"{desk.node.folder}/card.img?offset={BOOT}"], check=True, capture_output=True)
    code, out, _ = desk.call("deploy", "zero", "node17", "--force", *WITHIN)
    assert code == 1
    assert "node17 does not take the flasher: its boot partition has " in out
    assert "MiB free, the flasher takes " in out
    assert desk.node.boots == [FORMER.label]
    assert desk.node.on_boot() == ["clutter", *OWN_FILES]


def test_a_flasher_that_nobody_signed_is_refused_on_the_node(desk: Desk) -> None:
    layer = next((desk.out / LABEL).glob("*.top.squashfs"))
    layer.write_bytes(layer.read_bytes() + b"more")
    code, out, _ = desk.call("deploy", "zero", "node17", "--force", *WITHIN)
    assert code == 1
    assert f"node17 does not take the flasher: {layer.name} is not what was signed" in out
    assert desk.node.boots == [FORMER.label]
    assert desk.node.on_boot() == OWN_FILES


def test_both_kinds_of_nodes_at_once_are_refused(desk: Desk) -> None:
    code, _, err = desk.call("deploy", "zero", "node[02,17]", "--force")
    assert (code, err) == (
        2,
        "error: some of these nodes can boot over the network, and others cannot\n"
        "  node17: a pizerow has no network boot\n"
        "hint: they are flashed in two ways: name the ones and the others apart\n",
    )
