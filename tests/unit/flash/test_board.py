# SPDX-License-Identifier: Apache-2.0
"""On which board a release may go onto a card, and what tells where it was."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from builder.errors import NodebakeError
from builder.flash.agent import board, release

SAMPLE = Path(__file__).parents[2] / "data/manifest-3-image.json"
RELEASE = replace(release.parse(SAMPLE.read_bytes()), boards=("pi3b", "pi3bplus"))


def device_tree(root: Path, model: str) -> Path:
    folder = root / "sys/firmware/devicetree/base"
    folder.mkdir(parents=True)
    (folder / "compatible").write_bytes(f"raspberrypi,{model}\0brcm,bcm2837\0".encode())
    (folder / "serial-number").write_bytes(b"00000000abcdef01\0")
    return root


def test_the_board_that_the_inventory_tells(tmp_path: Path) -> None:
    board.check(RELEASE, "pi3b", device_tree(tmp_path, "3-model-b"))


def test_a_machine_that_is_no_pi_is_not_asked(tmp_path: Path) -> None:
    board.check(RELEASE, "pi3b", tmp_path)


def test_another_board_than_told(tmp_path: Path) -> None:
    with pytest.raises(NodebakeError) as caught:
        board.check(RELEASE, "pi3b", device_tree(tmp_path, "3-model-b-plus"))
    assert caught.value.message == "this is a `pi3bplus` and no `pi3b`"
    assert caught.value.hint == "correct `board` in cluster.yaml, or the node's MAC"


def test_where_a_card_is(tmp_path: Path) -> None:
    root = device_tree(tmp_path, "3-model-b")
    (root / "sys/block/mmcblk0/device").mkdir(parents=True)
    (root / "sys/block/mmcblk0/device/cid").write_text("035344534c3332478000000000012600\n")
    (root / "sys/class/net/eth0/device").mkdir(parents=True)
    (root / "sys/class/net/eth0/address").write_text("b8:27:eb:00:00:02\n")
    found = board.here("/dev/mmcblk0", root)
    assert (found.serial, found.mac) == ("00000000abcdef01", "b8:27:eb:00:00:02")
    assert found.cid == "035344534c3332478000000000012600"
