# SPDX-License-Identifier: Apache-2.0
"""What a flash leaves on a card, and what it reads, fetches and writes for that."""

from __future__ import annotations

import io
import tarfile
from dataclasses import replace
from pathlib import Path

from builder.flash.agent import label, table
from builder.flash.agent.order import Identity
from builder.flash.agent.table import Part
from tests.flash.conftest import Ground
from tests.flash.ground import BOOTCODE, MIB, MOUNT, SLOT, Tiny, blank, dirty, node_root
from tests.needs import needs_tool

pytestmark = needs_tool("ssh-keygen")
OWN = ((label.START, label.SIZE), (SLOT.start, SLOT.size), (BOOTCODE, 11))


def own_bytes(card: Path) -> list[bytes]:
    data = card.read_bytes()
    return [data[start : start + size] for start, size in OWN]


def rest(data: bytes) -> bytes:
    made = bytearray(data)
    for start, size in OWN:
        made[start : start + size] = bytes(size)
    return bytes(made)


def read(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = tar.extractfile(member)
    assert file
    return file.read()


def test_a_blank_card_becomes_the_image_and_the_node(ground: Ground, tmp_path: Path) -> None:
    tiny, card = Tiny(), blank(tmp_path / "card", 20 * MIB)
    receipt = ground.flash(ground.order(tiny, card, node_root(tmp_path / "root")))
    assert rest(card.read_bytes()[: tiny.size]) == rest(tiny.image)
    told, slot, name = own_bytes(card)
    assert label.parse(told) == label.Label("whole", tiny.label, tiny.epoch, "node02")
    assert name == b"BOOTCODEHLD"
    with tarfile.open(fileobj=io.BytesIO(slot)) as tar:
        members = {each.name: (each.mode, read(tar, each)) for each in tar}
    assert members["etc/hostname"] == (0o644, b"node02\n")
    assert members["etc/ssh/ssh_host_ed25519_key"] == (0o600, b"a private key\n")
    assert members["etc/nodebake/secrets/wifi"] == (0o600, b"secret")
    assert members["etc/nodebake/fstab"][1] == MOUNT.encode()
    assert (receipt.outcome, receipt.signer, receipt.former) == ("written", "operator", "")


def test_zeros_are_neither_fetched_nor_written_to_a_blank_card(ground: Ground, tmp_path: Path) -> None:
    tiny, card = Tiny(), blank(tmp_path / "card", 20 * MIB)
    receipt = ground.flash(ground.order(tiny, card))
    blocks = [tiny.image[at : at + 65536] for at in range(0, tiny.size, 65536)]
    content = 65536 * sum(any(block) for block in blocks)
    assert content < tiny.size / 2
    # The manifest and the index come on top of the content; the table is taken away before.
    assert receipt.moved <= content + 16384
    assert receipt.written <= content + 8192


def test_the_same_again_writes_nothing(ground: Ground, tmp_path: Path) -> None:
    tiny, card = Tiny(), blank(tmp_path / "card", 20 * MIB)
    order = ground.order(tiny, card, node_root(tmp_path / "root"))
    ground.flash(order)
    before = card.read_bytes()
    receipt = ground.flash(order)
    assert (receipt.outcome, receipt.written, receipt.compared) == ("same", 0, tiny.size)
    assert receipt.former == tiny.label
    assert receipt.moved < 16384
    assert card.read_bytes() == before


def test_a_later_release_moves_and_writes_what_differs(ground: Ground, tmp_path: Path) -> None:
    former = Tiny()
    later = replace(former, version="20260201-bbbbbbbb", changed=(150, 151, 200), epoch=former.epoch + 1)
    card = blank(tmp_path / "card", 20 * MIB)
    ground.flash(ground.order(former, card))
    receipt = ground.flash(ground.order(later, card))
    assert rest(card.read_bytes()[: later.size]) == rest(later.image)
    assert receipt.former == former.label
    # Three blocks, and the one with the table.
    assert receipt.moved <= 4 * 65536 + 16384
    assert receipt.written <= 4 * 65536 + 8192


def test_dirt_in_every_hole_is_gone(ground: Ground, tmp_path: Path) -> None:
    tiny = Tiny(size=40 * MIB)
    card = dirty(tmp_path / "card", 44 * MIB)
    order = ground.order(tiny, card)
    receipt = ground.flash(order)
    assert rest(card.read_bytes()[: tiny.size]) == rest(tiny.image)
    # It was soon seen that nothing fits, and then only the holes were read.
    assert receipt.compared < 0.9 * tiny.size
    assert ground.flash(order).outcome == "same"


def test_what_a_node_wrote_since_is_undone(ground: Ground, tmp_path: Path) -> None:
    tiny, card = Tiny(), blank(tmp_path / "card", 20 * MIB)
    order = ground.order(tiny, card, node_root(tmp_path / "root"))
    ground.flash(order)
    whole = card.read_bytes()
    with card.open("r+b") as file:
        for at, data in ((SLOT.start, bytes(SLOT.size)), (BOOTCODE, b"BOOTCODEBIN"), (12 * MIB, b"log")):
            file.seek(at)
            file.write(data)
        # The root was grown.
        file.seek(table.THIRD - 16)
        file.write(table.entry(Part(2, 0x83, 9 * MIB, 11 * MIB)))
    ground.flash(order)
    assert card.read_bytes() == whole


def test_dockers_data_stays_when_told(ground: Ground, tmp_path: Path) -> None:
    tiny, card = Tiny(), blank(tmp_path / "card", 32 * MIB)
    ground.flash(ground.order(tiny, card))
    data = Part(3, 0x83, 24 * MIB, 8 * MIB)
    content = bytearray(b"d" * data.size)
    content[1024 + 0x38 : 1024 + 0x3A] = b"\x53\xef"
    content[1024 + 0x78 : 1024 + 0x88] = b"nodebake-docker\0"
    with card.open("r+b") as file:
        file.seek(data.start)
        file.write(content)
        file.seek(table.THIRD)
        file.write(table.entry(data))
    order = replace(ground.order(Tiny(seed=2, version="20260201-bbbbbbbb"), card), keep_data=True)
    ground.flash(order)
    assert table.parts(card.read_bytes()[:512])[2] == data
    assert card.read_bytes()[data.start :] == content
    ground.flash(replace(order, keep_data=False))
    assert len(table.parts(card.read_bytes()[:512])) == 2


def test_dockers_data_is_found_when_the_table_was_lost_last(ground: Ground, tmp_path: Path) -> None:
    tiny, card, data = Tiny(), blank(tmp_path / "card", 32 * MIB), Part(3, 0x83, 24 * MIB, 8 * MIB)
    kept = label.Label("whole", tiny.label, tiny.epoch, "node02", data)
    with card.open("r+b") as file:
        file.seek(label.START)
        file.write(label.dump(kept))
    assert len(label.dump(kept).rstrip(b"\0")) < 512
    receipt = ground.flash(replace(ground.order(tiny, card), keep_data=True))
    assert receipt.former == ""
    assert table.parts(card.read_bytes()[:512])[2] == data


def test_a_card_for_a_reader_boots_by_itself(ground: Ground, tmp_path: Path) -> None:
    card = blank(tmp_path / "card", 20 * MIB)
    ground.flash(replace(ground.order(Tiny(), card), held=False))
    assert own_bytes(card)[2] == b"BOOTCODEBIN"


def test_without_an_identity_the_slot_is_empty(ground: Ground, tmp_path: Path) -> None:
    card = dirty(tmp_path / "card", 20 * MIB)
    ground.flash(replace(ground.order(Tiny(), card), identity=Identity()))
    assert not any(own_bytes(card)[1])


def test_progress_is_told_to_the_end(ground: Ground, tmp_path: Path) -> None:
    ground.flash(ground.order(Tiny(), blank(tmp_path / "card", 20 * MIB)))
    last = {phase: (done, total) for phase, done, total in ground.told}
    assert list(last) == ["compare", "verify", "finish"]
    assert all(done == total for done, total in last.values())
