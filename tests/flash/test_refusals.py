# SPDX-License-Identifier: Apache-2.0
"""What is refused, each before the first write, and what goes wrong while a card is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from builder.errors import NodebakeError
from builder.flash.agent import table
from builder.flash.agent.order import Order
from builder.flash.agent.table import Part
from tests.flash.conftest import Ground
from tests.flash.ground import MIB, Tiny, blank, make_key, sign
from tests.needs import needs_tool

pytestmark = needs_tool("ssh-keygen")
TINY = Tiny()


def refused(ground: Ground, order: Order) -> str:
    """The error's text; the card is as it was."""
    card = Path(order.device)
    before = card.read_bytes()
    with pytest.raises(NodebakeError) as caught:
        ground.flash(order)
    assert card.read_bytes() == before
    return caught.value.render().replace(str(ground.folder), "…")


def foreign(card: Path) -> Path:
    """A card as it comes out of a shop."""
    blank(card, 20 * MIB)
    with card.open("r+b") as file:
        file.seek(table.THIRD - 32)
        file.write(table.entry(Part(1, 0x07, 4 * MIB, 16 * MIB)))
        file.seek(510)
        file.write(b"\x55\xaa")
    return card


def test_too_small(ground: Ground, tmp_path: Path) -> None:
    assert refused(ground, ground.order(TINY, blank(tmp_path / "card", 15 * MIB))) == (
        "error: `…/card` is too small for `tiny/20260101-aaaaaaaa`\n"
        "  the image has 16 MiB, the card 15 MiB\n"
        "hint: take a larger card, or lower `free` of the image output"
    )


def test_what_is_not_ours(ground: Ground, tmp_path: Path) -> None:
    order = ground.order(TINY, foreign(tmp_path / "card"))
    assert refused(ground, order) == (
        "error: `…/card` holds something that nodebake has not written\n"
        "  partition 1: 16 MiB, exFAT or NTFS\n"
        "hint: `--take-card` writes over it"
    )
    assert ground.flash(replace(order, take_card=True)).outcome == "written"
    (tmp_path / "card").write_bytes(b"something" + bytes(20 * MIB))
    assert "no partition table, but it is not empty" in refused(ground, order)


def test_a_card_that_was_divided_anew(ground: Ground, tmp_path: Path) -> None:
    card = blank(tmp_path / "card", 20 * MIB)
    ground.flash(ground.order(TINY, card))
    with card.open("r+b") as file:
        file.seek(table.THIRD - 32)
        file.write(table.entry(Part(1, 0x83, 4 * MIB, 16 * MIB)) + bytes(16))
    assert "holds something that nodebake has not written" in refused(ground, ground.order(TINY, card))


def test_an_older_release(ground: Ground, tmp_path: Path) -> None:
    later = Tiny(seed=2, version="20260201-bbbbbbbb", epoch=TINY.epoch + 1)
    card = blank(tmp_path / "card", 20 * MIB)
    ground.flash(ground.order(later, card))
    order = ground.order(TINY, card)
    assert refused(ground, order) == (
        "error: `…/card` holds `tiny/20260201-bbbbbbbb`, which is newer than `tiny/20260101-aaaaaaaa`\n"
        "hint: `--older` puts the older one there"
    )
    assert ground.flash(replace(order, older=True)).former == later.label


def test_the_wrong_board(ground: Ground, tmp_path: Path) -> None:
    order = replace(ground.order(TINY, blank(tmp_path / "card", 20 * MIB)), board="pizerow")
    assert refused(ground, order) == (
        "error: `tiny/20260101-aaaaaaaa` does not run on `pizerow`\n"
        "  it is for pi3b, pi3bplus\n"
        "hint: name a recipe for this board, or correct `board` in cluster.yaml"
    )


def test_no_data_to_keep(ground: Ground, tmp_path: Path) -> None:
    order = replace(ground.order(TINY, blank(tmp_path / "card", 20 * MIB)), keep_data=True)
    assert refused(ground, order) == (
        "error: `…/card` has no partition labelled `nodebake-docker`\n"
        "hint: leave `--keep-data` out: there is none to keep"
    )


def test_data_where_the_image_is_to_be(ground: Ground, tmp_path: Path) -> None:
    card = foreign(tmp_path / "card")
    with card.open("r+b") as file:
        file.seek(4 * MIB + 1024 + 0x38)
        file.write(b"\x53\xef")
        file.seek(4 * MIB + 1024 + 0x78)
        file.write(b"nodebake-docker\0")
    order = replace(ground.order(TINY, card), keep_data=True, take_card=True)
    assert refused(ground, order) == (
        "error: docker's data on `…/card` lies where `tiny/20260101-aaaaaaaa` is to be\n"
        "  it begins at 4 MiB, the image has 16 MiB\n"
        "hint: copy it elsewhere first, and leave `--keep-data` out"
    )


def test_secrets_that_were_not_given(ground: Ground, tmp_path: Path) -> None:
    order = ground.order(replace(TINY, wants=("psk", "token")), blank(tmp_path / "card", 20 * MIB))
    assert refused(ground, order) == (
        "error: `tiny/20260101-aaaaaaaa` wants secrets that were not given: psk, token\n"
        "hint: put them where site.yaml says that secrets lie"
    )


def _forged(place: Path, _: Path) -> None:
    manifest = place / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"pi3b"', '"pi4"'))


def _strangers(place: Path, folder: Path) -> None:
    sign(place, make_key(folder / "stranger"))


def _another_index(place: Path, _: Path) -> None:
    index = next(place.glob("*.index"))
    index.write_bytes(index.read_bytes()[:-1] + b"x")


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_forged, "error: the signature of the release does not hold"),
        (_strangers, "error: the signature of the release does not hold"),
        (
            _another_index,
            "error: the block index of `tiny/20260101-aaaaaaaa` is not the one that its manifest names",
        ),
    ],
)
def test_a_release_that_cannot_be_believed(
    ground: Ground, tmp_path: Path, spoil: Callable[[Path, Path], None], message: str
) -> None:
    order = ground.order(TINY, blank(tmp_path / "card", 20 * MIB))
    spoil(ground.folder / "releases" / TINY.label, tmp_path)
    assert refused(ground, order).startswith(message)


def test_a_revoked_key(ground: Ground, tmp_path: Path) -> None:
    revoked = ground.folder / "keys/key.pub"
    order = replace(ground.order(TINY, blank(tmp_path / "card", 20 * MIB)), revoked=str(revoked))
    assert refused(ground, order).startswith("error: the signature of the release does not hold")


def test_a_line_of_another_signer_that_cannot_be_read(ground: Ground, tmp_path: Path) -> None:
    """ssh-keygen complains of it and goes on; its complaint is nobody's name."""
    own = ground.signers.read_text()
    times = 'valid-after="20260102Z",valid-before="20260101Z"'
    ground.signers.write_text(f"former {times} {own[own.index('ssh-') :]}{own}")
    order = ground.order(TINY, blank(tmp_path / "card", 20 * MIB))
    assert ground.flash(order).release == TINY.label


def test_no_signature(ground: Ground, tmp_path: Path) -> None:
    order = ground.order(TINY, blank(tmp_path / "card", 20 * MIB))
    (ground.folder / "releases" / TINY.label / "manifest.json.sig").unlink()
    assert "`manifest.json.sig` is not to be had from" in refused(ground, order)


def test_nobody_is_trusted(ground: Ground, tmp_path: Path) -> None:
    order = replace(ground.order(TINY, blank(tmp_path / "card", 20 * MIB)), signers="/none/signers")
    assert refused(ground, order).startswith(
        "error: this machine trusts no key yet\n  there is no `/none/signers`\n"
    )


def test_another_release_in_its_place(ground: Ground, tmp_path: Path) -> None:
    order = replace(ground.order(TINY, blank(tmp_path / "card", 20 * MIB)), release="tiny/20260301-cccccccc")
    assert refused(ground, order).startswith(
        "error: the source has `tiny/20260101-aaaaaaaa` in the place of `tiny/20260301-cccccccc`\n"
    )


def test_blocks_that_are_not_the_releases(ground: Ground, tmp_path: Path) -> None:
    card = blank(tmp_path / "card", 20 * MIB)
    order = ground.order(TINY, card)
    image = next((ground.folder / "releases" / TINY.label).glob("*.img"))
    block = next(n for n in range(160, 256) if any(TINY.image[n * 65536 : (n + 1) * 65536]))
    with image.open("r+b") as file:
        file.seek(block * 65536)
        file.write(b"evil")
    with pytest.raises(NodebakeError, match=f"block {block} of `.*` is not what the release's index says"):
        ground.flash(order)
    assert not any(card.read_bytes()[:4096])


def test_no_card_in_its_slot(ground: Ground, tmp_path: Path) -> None:
    order = ground.order(TINY, blank(tmp_path / "card", 20 * MIB))
    with pytest.raises(NodebakeError, match=r"`/dev/none` cannot be opened: no such file or directory"):
        ground.flash(replace(order, device="/dev/none"))
