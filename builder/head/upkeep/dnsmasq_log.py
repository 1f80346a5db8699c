# SPDX-License-Identifier: Apache-2.0
"""What a line of dnsmasq's log says of a node: it asks for an address, is given one, fetches a file.

Runs on the head too, so nothing but the standard library. Lines may come from syslog, from a file of
dnsmasq's own or from the journal in any form, with `log-dhcp` or without. Sources: dnsmasq's rfc2131.c
(log_packet) and tftp.c, and what 2.90 really writes (tests/unit/head/test_real_dnsmasq.py).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

# Names of files come from whoever asks: only what stands first can be dnsmasq's own words.
_WHO = re.compile(r".*?\bdnsmasq(?:-dhcp|-tftp)?(?:\[\d+\])?: ")
_DHCP = re.compile(
    r"(?:\d+ )?DHCP(DISCOVER|OFFER|REQUEST|ACK|NAK|DECLINE|RELEASE)\(([^()\s]+)\)"
    r"(?: (\d+\.\d+\.\d+\.\d+))? ((?:[0-9a-f]{2}:){5}[0-9a-f]{2})(?: (.*))?"
)
_ADDRESS = r"(\d+\.\d+\.\d+\.\d+|[0-9a-f:]*:[0-9a-f:.]*)"
_SENT = re.compile(rf"(?:TFTP )?sent (.+) to {_ADDRESS}")
_MISSING = re.compile(rf"(?:TFTP )?file (.+) not found for {_ADDRESS}")
_FAILED = re.compile(rf"(?:TFTP )?failed sending (.+) to {_ADDRESS}")
_SERIAL = re.compile(r"(?:.*/)?([0-9a-f]{8})/start4?\.elf")


@dataclass(frozen=True)
class Dhcp:
    """A DHCP message, from a node or to it.

    `word` is its kind: `discover`, `offer`, `request`, `ack`, `nak`, `decline` or `release`. `address`
    is empty where the line has none; `more` is what dnsmasq adds: the host name in an `ack`, a reason such as
    `no address available` in what is refused.
    """

    word: str
    mac: str
    address: str
    interface: str
    more: str


@dataclass(frozen=True)
class Tftp:
    """A file that a node asked for by TFTP. `file` is the path on the head, as far as dnsmasq tells it.

    A boot ROM asks for much that is not there: `missing` is no fault by itself.
    """

    word: Literal["sent", "missing", "failed"]
    file: str
    address: str

    def serial(self) -> str:
        """The serial number that the node shows by asking for `SERIAL/start.elf`; else empty."""
        found = _SERIAL.fullmatch(self.file)
        return found[1] if found else ""


Event = Dhcp | Tftp


def event(line: str) -> Event | None:
    """The event that a line of the log tells; None for any other line."""
    text = line.strip()
    who = _WHO.match(text)
    said = text[who.end() :] if who else text
    dhcp = _DHCP.fullmatch(said)
    if dhcp:
        word, interface, address, mac, more = dhcp.groups()
        return Dhcp(word.lower(), mac, address or "", interface, more or "")
    return _tftp(said)


def _tftp(said: str) -> Tftp | None:
    if found := _SENT.fullmatch(said):
        return Tftp("sent", *found.groups())
    if found := _MISSING.fullmatch(said):
        return Tftp("missing", *found.groups())
    if found := _FAILED.fullmatch(said):
        return Tftp("failed", *found.groups())
    return None
