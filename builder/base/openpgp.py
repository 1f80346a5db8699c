# SPDX-License-Identifier: Apache-2.0
"""OpenPGP public keys, read for two things only: their fingerprints, and how they vouch for themselves.

Nothing is verified here, apt does that. But apt of Debian 13 (sqv) refuses keys that apt of Debian 12
(gpgv) takes, and says so in words that few understand: so what it will object to is looked for first, on
either. Packets are those of RFC 9580, in their old and new framing.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass

_SIGNATURE, _KEY = 2, 6
_CERTIFICATIONS = (0x10, 0x11, 0x12, 0x13, 0x1F)
_ISSUER, _ISSUER_FINGERPRINT = 16, 33
_DIGESTS = {
    1: "MD5",
    2: "SHA-1",
    3: "RIPEMD-160",
    8: "SHA-256",
    9: "SHA-384",
    10: "SHA-512",
    11: "SHA-224",
    12: "SHA3-256",
    14: "SHA3-512",
}
_ARMOR = re.compile(
    r"^-----BEGIN PGP PUBLIC KEY BLOCK-----\s*\n(?:[^\n]*:[^\n]*\n)*\s*\n"
    r"(.*?)^-----END PGP PUBLIC KEY BLOCK-----",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Key:
    """A primary key with all that belongs to it: `raw` is its packets.

    `fingerprint` is in upper case hex; `digests` are those of its signatures over itself, by name.
    """

    fingerprint: str
    digests: frozenset[str]
    raw: bytes


def keys(data: bytes) -> list[Key]:
    """The keys of a key ring, armoured or not. Raises ValueError when it is none."""
    data = _plain(data)
    found: list[Key] = []
    start, fingerprint = 0, ""
    digests: set[str] = set()
    for tag, begin, body, end in _packets(data):
        if tag == _KEY:
            if fingerprint:
                found.append(Key(fingerprint, frozenset(digests), data[start:begin]))
            start, fingerprint, digests = begin, _fingerprint(body), set()
        elif not fingerprint:
            raise ValueError("it does not begin with a public key")
        elif tag == _SIGNATURE:
            digests |= _own_digest(body, fingerprint)
        if end == len(data):
            found.append(Key(fingerprint, frozenset(digests), data[start:end]))
    if not found:
        raise ValueError("it is empty")
    return found


def _plain(data: bytes) -> bytes:
    """The packets of what may be armoured, as text that mail can carry."""
    if b"-----BEGIN PGP" not in data:
        return data
    blocks = _ARMOR.findall(data.decode("ascii", errors="replace").replace("\r\n", "\n"))
    try:
        # The last line may be a checksum, which base64 would not know what to do with.
        return b"".join(
            base64.b64decode(re.sub(r"^=.*\n", "", block, flags=re.MULTILINE)) for block in blocks
        )
    except binascii.Error as error:
        raise ValueError("its armour is damaged") from error


def _packets(data: bytes) -> Iterator[tuple[int, int, bytes, int]]:
    """Tag, place of the header, body, and end of each packet."""
    place = 0
    try:
        while place < len(data):
            first = data[place]
            if not first & 0x80:
                raise ValueError("it holds something that is no OpenPGP packet")
            if first & 0x40:
                tag, (length, header) = first & 0x3F, _new_length(data, place + 1)
            else:
                tag, (length, header) = (first >> 2) & 0x0F, _old_length(data, place + 1, first & 3)
            begin = place + 1 + header
            if begin + length > len(data):
                raise IndexError
            yield tag, place, data[begin : begin + length], begin + length
            place = begin + length
    except IndexError:
        raise ValueError("it ends in the middle of a packet") from None


def _old_length(data: bytes, at: int, kind: int) -> tuple[int, int]:
    """A length, and how many bytes tell it."""
    if kind == 3:
        raise ValueError("it holds a packet of no certain length")
    size = 1 << kind
    data[at + size - 1]
    return int.from_bytes(data[at : at + size]), size


def _new_length(data: bytes, at: int) -> tuple[int, int]:
    first = data[at]
    if first < 192:
        return first, 1
    if first < 224:
        return ((first - 192) << 8) + data[at + 1] + 192, 2
    if first < 255:
        raise ValueError("it holds a packet in parts, which no key has")
    data[at + 4]
    return int.from_bytes(data[at + 1 : at + 5]), 5


def _fingerprint(body: bytes) -> str:
    version = body[0] if body else 0
    if version == 4:
        # SHA-1 is the standard's choice here: it names a key and vouches for nothing.
        named = hashlib.sha1(b"\x99" + len(body).to_bytes(2) + body, usedforsecurity=False)
        return named.hexdigest().upper()
    if version == 6:
        return hashlib.sha256(b"\x9b" + len(body).to_bytes(4) + body).hexdigest().upper()
    raise ValueError(f"it holds a key of version {version}, which apt does not take")


def _own_digest(body: bytes, fingerprint: str) -> set[str]:
    """The digest of a signature in which the key of this fingerprint vouches for itself; else nothing."""
    try:
        version, kind, digest = body[0], body[1], body[3]
        wide = 4 if version == 6 else 2
        if version not in (4, 6) or kind not in _CERTIFICATIONS:
            return set()
        hashed = int.from_bytes(body[4 : 4 + wide])
        behind = 4 + wide + hashed
        unhashed = int.from_bytes(body[behind : behind + wide])
        areas = (body[4 + wide : behind], body[behind + wide : behind + wide + unhashed])
        issuers = {issuer for area in areas for issuer in _issuers(area)}
    except IndexError:
        return set()
    ids = {fingerprint, fingerprint[-16:] if version == 4 else fingerprint[:16]}
    return {_DIGESTS.get(digest, f"digest {digest}")} if issuers & ids else set()


def _issuers(area: bytes) -> Iterator[str]:
    """Whom the subpackets of a signature name as its maker."""
    place = 0
    while place < len(area):
        length, header = _new_length_of_subpacket(area, place)
        content = area[place + header : place + header + length]
        kind = content[0] & 0x7F
        if kind == _ISSUER:
            yield content[1:].hex().upper()
        elif kind == _ISSUER_FINGERPRINT:
            yield content[2:].hex().upper()
        place += header + length


def _new_length_of_subpacket(area: bytes, at: int) -> tuple[int, int]:
    first = area[at]
    if first < 192:
        return first, 1
    if first < 255:
        return ((first - 192) << 8) + area[at + 1] + 192, 2
    return int.from_bytes(area[at + 1 : at + 5]), 5
