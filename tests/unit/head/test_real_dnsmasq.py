# SPDX-License-Identifier: Apache-2.0
"""What the real dnsmasq logs of a board that boots, with `log-dhcp` and without, is read as it is meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.head.upkeep.dnsmasq_log import Dhcp, Event, Tftp, event
from tests.lan.lan import lan
from tests.needs import needs_tool

MAC, SERIAL, STRANGER = "b8:27:eb:00:00:07", "ab000007", "b8:27:eb:00:00:09"


@pytest.mark.tools
@needs_tool("dnsmasq", "ip", "unshare")
@pytest.mark.parametrize("options", [(), ("--log-dhcp",)])
def test_a_boot_in_the_log(tmp_path: Path, options: tuple[str, ...]) -> None:
    with lan(tmp_path, {MAC: "node07,10.42.0.7"}, *options) as wire:
        assert wire.boot(MAC, SERIAL, kernel=True) == "10.42.0.7"
        assert wire.boot(STRANGER, "ab000009") == "-"
        lines = wire.log.read_text().splitlines()
    events = [found for line in lines if (found := event(line))]
    assert [each for each in events if isinstance(each, Dhcp)] == [
        *boot_rom("10.42.0.7"),
        *boot_rom("10.42.0.7"),
        Dhcp("request", MAC, "10.42.0.7", "head0", ""),
        Dhcp("ack", MAC, "10.42.0.7", "head0", "node07"),
        *[Dhcp("discover", STRANGER, "", "head0", "no address available")] * 4,
    ]
    files = {
        (each.word, each.file.removeprefix(f"{tmp_path}/tftp/")) for each in events if isinstance(each, Tftp)
    }
    assert files == {
        ("sent", "bootcode.bin"),
        ("missing", "bootsig.bin"),
        ("missing", "ab000007/start.elf"),
        ("missing", "autoboot.txt"),
        ("missing", "config.txt"),
        ("sent", "start.elf"),
    }
    assert {each.serial() for each in events if isinstance(each, Tftp)} == {"", SERIAL}


def boot_rom(address: str) -> list[Event]:
    """It takes the offer, and sends no request."""
    return [Dhcp("discover", MAC, "", "head0", ""), Dhcp("offer", MAC, address, "head0", "")]
