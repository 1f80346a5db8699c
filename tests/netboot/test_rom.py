# SPDX-License-Identifier: Apache-2.0
"""Boot ROMs before a real dnsmasq with the fragment that publishing wrote, and nothing else."""

from __future__ import annotations

import re
from functools import partial

import pytest

from builder.boot.netboot.head import LAYOUT
from builder.head.node.inventory import Node
from tests.needs import needs_tool
from tests.netboot.conftest import RELEASES
from tests.netboot.rom import ROMS
from tests.netboot.served import Served

pytestmark = needs_tool("dnsmasq", "ssh-keygen", "ip", "nsenter", "setpriv", "unshare")

OLD, NEW = (tiny.version for tiny in RELEASES)
# Each kind of board, by a node that has it.
KINDS = {"pi3b": 7, "pi3bplus": 59, "pi4": 60}
# Requests of each ROM; a test counts them.
REQUESTS = {"pi3b": 16, "pi3bplus": 16, "pi4": 16}


def test_an_offer_has_what_a_boot_rom_wants(served: Served) -> None:
    """Also the fixed address, for it never sends a REQUEST."""
    for board, number in KINDS.items():
        node = served.nodes[number - 1]
        offer = served.boards.ask(node.mac)
        assert offer, f"nothing was offered to {node.name}"
        assert (offer.address, offer.server) == (node.address, served.server)
        assert offer.options[60] == b"PXEClient"
        # Its length is computed wrongly by a 3B: hence the spaces.
        assert b"Raspberry Pi Boot   " in offer.options[43]
        # A 3B that is answered within a second or two may lock up.
        assert (offer.seconds > 0.9) == (board == "pi3b"), (board, offer.seconds)


def test_nobody_else_is_offered_anything(served: Served) -> None:
    assert served.boards.ask("b8:27:eb:ff:ff:ff") is None


@pytest.mark.parametrize("board", ROMS)
def test_a_board_gets_all_files_of_one_release(served: Served, board: str) -> None:
    node = served.nodes[KINDS[board] - 1]
    present = _present(served, node)
    asked = served.boards.walk(node, served.server)
    assert len(asked) == REQUESTS[board]
    assert served.of_one(asked) == present
    assert {name.rpartition("/")[2] for name, sha256, _ in asked if not sha256} <= {
        *("bootsig.bin", "autoboot.txt", "recovery.elf", "dt-blob.bin", "bootcfg.txt"),
        *("vl805.sig", "pieeprom.sig", "recover4.elf"),
    }
    name, sha256 = next((name, sha256) for name, sha256, _ in asked if name.endswith("cmdline.txt"))
    words = served.head.text(served.head.boot_files(node) / name)
    assert f"nodebake.identity={served.server}:{LAYOUT.identities / node.name}" in words.split()
    assert sha256


@pytest.mark.parametrize("board", ROMS)
def test_a_switch_between_any_two_requests_mixes_nothing(served: Served, board: str) -> None:
    """The release of a boot is that of the config.txt which the firmware reads, whatever comes after."""
    node = served.nodes[KINDS[board] - 1]
    for pause in range(REQUESTS[board]):
        before = _present(served, node)
        after = OLD if before == NEW else NEW
        asked = served.boards.walk(node, served.server, pause, partial(_publish, served, after, node))
        assert _present(served, node) == after
        assert served.of_one(asked) == (after if pause <= served.read_last(asked) else before), (pause, asked)


def test_nothing_private_comes_by_tftp(served: Served) -> None:
    node, other = served.nodes[:2]
    assert served.boards.take(node, served.server, "config.txt")
    key = "etc/ssh/ssh_host_ed25519_key"
    for name in (
        f"../../identity/{node.name}/{key}",
        f"../../../../identity/{other.name}/{key}",
        str(LAYOUT.identities / node.name / key),
        str(LAYOUT.identities / other.name / key),
        str(LAYOUT.state / "nodes.json"),
        "../instance.json",
    ):
        assert served.boards.take(node, served.server, name) is None, name


def test_sixty_at_once_get_all_their_files(served: Served) -> None:
    asked, failed = served.boards.rush(served.nodes, served.server)
    assert not failed
    assert len(asked) == 60
    for node in served.nodes:
        assert len(asked[node.mac]) == REQUESTS[node.board]
        assert served.of_one(asked[node.mac]) == _present(served, node)
    # Each has its own command line.
    assert (
        len({sha256 for each in asked.values() for name, sha256, _ in each if name.endswith("cmdline.txt")})
        == 60
    )
    log = (served.head.lan.logs / "dnsmasq.log").read_text()
    assert not re.search(r"(?i)refused|too many|maximum", log)


def _present(served: Served, node: Node) -> str:
    """The version that the node boots from now on."""
    return served.head.lan.run("readlink", LAYOUT.switch(node.mac)).split("/")[3].removeprefix("tiny-")


def _publish(served: Served, version: str, node: Node) -> None:
    release = LAYOUT.releases / "tiny" / version
    served.head.call("publish", str(release), "--nodes", node.name, "--older", "--nfs", "ganesha")
