# SPDX-License-Identifier: Apache-2.0
"""How far a node came, from lines as dnsmasq writes them."""

from __future__ import annotations

import pytest

from builder.head.node.inventory import Inventory, Node
from builder.head.upkeep.boot_trace import (
    FIRMWARE,
    INITRAMFS,
    KERNEL,
    OFFERED,
    ROOT,
    SETTINGS,
    starts,
    traces,
)

INVENTORY = Inventory(
    "sevastopol",
    "10.42.0.250",
    ("10.42.0.0/24",),
    (Node("node07", 7, "b8:27:eb:00:00:07", "10.42.0.7", "pi3b"),),
)
ASKS = ["dnsmasq-dhcp[7]: 1 DHCPDISCOVER(eth0) b8:27:eb:00:00:07"]
OFFER = ["dnsmasq-dhcp[7]: 1 DHCPOFFER(eth0) 10.42.0.7 b8:27:eb:00:00:07"]


def sent(name: str) -> str:
    return f"dnsmasq-tftp[7]: sent /pxe/boot/b8-27-eb-00-00-07/{name} to 10.42.0.7"


FIRST = [*ASKS, *OFFER, sent("bootcode.bin")]
MIDDLE = [*FIRST, sent("start.elf"), sent("fixup.dat")]
LATE = [*MIDDLE, sent("config.txt"), sent("v1/bcm2837-rpi-3-b.dtb"), sent("v1/cmdline.txt")]
LAST = [*LATE, sent("v1/vmlinuz"), sent("v1/initrd.img")]
UP = [*LAST, *ASKS, *OFFER, "dnsmasq-dhcp[7]: 1 DHCPREQUEST(eth0) 10.42.0.7 b8:27:eb:00:00:07"]


@pytest.mark.parametrize(
    ("lines", "stage", "says"),
    [
        (ASKS, 0, "got no answer"),
        ([*ASKS, *OFFER], OFFERED, "cycle its power"),
        (FIRST, FIRMWARE, "asks for no more"),
        (MIDDLE, FIRMWARE, "two versions"),
        (LATE, SETTINGS, "never asked for the kernel"),
        ([*LATE, sent("v1/vmlinuz")], KERNEL, "not the initramfs"),
        (LAST, INITRAMFS, "never asked for an address"),
        ([*LAST, *ASKS], INITRAMFS, "never asked for an address"),
        (UP, ROOT, "it is up"),
        ([*UP, *ASKS], 0, "got no answer"),
        (
            [
                *FIRST,
                "dnsmasq-tftp[7]: file /pxe/boot/b8-27-eb-00-00-07/recovery.elf not found for 10.42.0.7",
            ],
            FIRMWARE,
            "asks for no more",
        ),
        (
            [*LATE, "dnsmasq-tftp[7]: failed sending /pxe/boot/b8-27-eb-00-00-07/v1/vmlinuz to 10.42.0.7"],
            SETTINGS,
            "`vmlinuz` broke off",
        ),
    ],
)
def test_the_last_step_says_what_to_look_at(lines: list[str], stage: int, says: str) -> None:
    (trace,) = traces(INVENTORY, lines, {"node07": "initrd.img"})
    assert (trace.node, trace.stage) == ("node07", stage)
    assert says in trace.meaning
    assert trace.stopped == (stage < ROOT)


def test_strangers_are_passed_over() -> None:
    strange = [line.replace("00:07", "00:99").replace("10.42.0.7", "10.42.0.99") for line in UP]
    assert traces(INVENTORY, [*strange, "", "nonsense"], {}) == ()


@pytest.mark.parametrize(("lines", "count"), [([], 0), (LATE, 0), (LAST, 1), ([*UP, *LAST, *MIDDLE], 2)])
def test_a_start_is_a_kernel_that_was_sent(lines: list[str], count: int) -> None:
    broken = sent("v1/vmlinuz").replace("sent", "failed sending")
    stranger = sent("v1/vmlinuz").replace("10.42.0.7", "10.42.0.9")
    assert starts(INVENTORY, [*lines, broken, stranger]) == {"node07": count}
