# SPDX-License-Identifier: Apache-2.0
"""Lines of dnsmasq's log, in all the forms in which people have them."""

from __future__ import annotations

import pytest

from builder.head.upkeep.dnsmasq_log import Dhcp, Event, Tftp, event

MAC = "b8:27:eb:00:00:07"
SAID: list[tuple[str, Event]] = [
    (f"DHCPDISCOVER(eth0) {MAC} ", Dhcp("discover", MAC, "", "eth0", "")),
    (
        f"DHCPDISCOVER(eth0) {MAC} no address available",
        Dhcp("discover", MAC, "", "eth0", "no address available"),
    ),
    (f"DHCPDISCOVER(br-lan.2) 10.42.0.7 {MAC} ", Dhcp("discover", MAC, "10.42.0.7", "br-lan.2", "")),
    (f"DHCPOFFER(eth0) 10.42.0.7 {MAC} ", Dhcp("offer", MAC, "10.42.0.7", "eth0", "")),
    (f"DHCPREQUEST(eth0) 10.42.0.7 {MAC} ", Dhcp("request", MAC, "10.42.0.7", "eth0", "")),
    (f"DHCPACK(eth0) 10.42.0.7 {MAC} node07", Dhcp("ack", MAC, "10.42.0.7", "eth0", "node07")),
    (f"DHCPNAK(eth0) 10.42.0.9 {MAC} wrong network", Dhcp("nak", MAC, "10.42.0.9", "eth0", "wrong network")),
    ("sent /pxe/boot/bootcode.bin to 10.42.0.7", Tftp("sent", "/pxe/boot/bootcode.bin", "10.42.0.7")),
    ("file /pxe/a b not found for 10.42.0.7", Tftp("missing", "/pxe/a b", "10.42.0.7")),
    ("failed sending /pxe/boot/start.elf to 10.42.0.7", Tftp("failed", "/pxe/boot/start.elf", "10.42.0.7")),
]
FORMS = [
    "Nov 25 08:24:29 {tag}[7]: {said}",
    "Nov 25 08:24:29 sevastopol {tag}[7]: {said}\n",
    "2026-11-25T08:24:29.123456+01:00 sevastopol {tag}[1234567]: {said}",
    "{tag}[412]: {said}",
    "{tag}: {said}",
    "{said}",
]


@pytest.mark.parametrize(("said", "expected"), SAID)
@pytest.mark.parametrize("form", FORMS)
def test_an_event(form: str, said: str, expected: Event) -> None:
    tag = "dnsmasq-dhcp" if isinstance(expected, Dhcp) else "dnsmasq-tftp"
    assert event(form.format(tag=tag, said=said)) == expected
    if isinstance(expected, Dhcp):
        # With log-dhcp the number of the transaction stands before it.
        assert event(form.format(tag=tag, said=f"2785340871 {said}")) == expected


@pytest.mark.parametrize(
    "line",
    [
        "",
        "Nov 25 08:24:29 dnsmasq[7]: started, version 2.90 DNS disabled",
        "Nov 25 08:24:29 dnsmasq-dhcp[7]: DHCP, static leases only on 10.42.0.0, lease time 1h",
        "Nov 25 08:24:29 dnsmasq-dhcp[7]: 256 sent size:  4 option:  1 netmask  255.255.255.0",
        "Nov 25 08:24:29 dnsmasq-dhcp[7]: 256 available DHCP subnet: 10.42.0.0/255.255.255.0",
        "Nov 25 08:24:29 dnsmasq-tftp[7]: error 8 User aborted the transfer received from 10.42.0.7",
        f"Nov 25 08:24:29 dnsmasq-dhcp[7]: DHCPDISCOVER(eth0) {MAC[:-3]} ",
        f"Nov 25 08:24:29 sshd[7]: DHCPACK(eth0) 10.42.0.7 {MAC} node07",
        # What a node asks for cannot pass for dnsmasq's own words.
        f"dnsmasq-tftp[7]: file /pxe/dnsmasq-dhcp[7]: DHCPACK(eth0) 10.42.0.7 {MAC} x",
        f"dnsmasq-dhcp[7]: 256 client provides name: dnsmasq-dhcp[7]: DHCPACK(eth0) 10.42.0.7 {MAC} x",
    ],
)
def test_any_other_line(line: str) -> None:
    assert event(line) is None


def test_a_name_of_a_file_stays_one() -> None:
    file = f"/pxe/dnsmasq-dhcp[7]: DHCPACK(eth0) 10.42.0.7 {MAC}"
    assert event(f"dnsmasq-tftp[7]: file {file} not found for 10.42.0.9") == Tftp(
        "missing", file, "10.42.0.9"
    )
    assert event("dnsmasq-tftp[7]: sent /a to b to 10.42.0.9") == Tftp("sent", "/a to b", "10.42.0.9")


@pytest.mark.parametrize(
    ("file", "serial"),
    [
        ("/pxe/boot/ab000007/start.elf", "ab000007"),
        ("/pxe/boot/b8-27-eb-00-00-07/ab000007/start.elf", "ab000007"),
        ("/pxe/boot/ab000007/start4.elf", "ab000007"),
        ("ab000007/start.elf", "ab000007"),
        ("/pxe/boot/start.elf", ""),
        ("/pxe/boot/ab000007/config.txt", ""),
        ("/pxe/boot/10.42.0.7/start.elf", ""),
        ("/pxe/boot/xab000007/start.elf", ""),
    ],
)
def test_the_serial_number_that_a_board_asks_by(file: str, serial: str) -> None:
    assert Tftp("missing", file, "10.42.0.7").serial() == serial
