# SPDX-License-Identifier: Apache-2.0
"""Fingerprints and self-signatures, of real keys and of made ones; nothing makes the reader stumble."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.base.archives import PUBLIC
from builder.base.openpgp import keys
from tests.archives.signer import TOOLS, Signer, signer
from tests.needs import needs_tool

# The keys of Raspbian and of the Raspberry Pi archive as they are in circulation since 2012.
OLD = (Path(__file__).parents[2] / "data/pi-archive-keys-2012.asc").read_bytes()


@pytest.fixture
def made() -> Iterator[Signer]:
    with signer() as keys:
        yield keys


def test_the_keys_in_circulation_vouch_for_themselves_with_sha1_only() -> None:
    raspbian, raspberrypi = keys(OLD)
    assert raspbian.fingerprint == PUBLIC["raspbian"].fingerprint
    assert raspberrypi.fingerprint == PUBLIC["raspberrypi"].fingerprint
    assert raspbian.digests == raspberrypi.digests == {"SHA-1"}


def test_what_is_taken_out_of_a_ring_is_that_key_alone() -> None:
    for key in keys(OLD):
        assert keys(key.raw) == [key]


@needs_tool(*TOOLS)
@pytest.mark.tools
@pytest.mark.parametrize(
    ("digest", "told"), [("SHA1", "SHA-1"), ("SHA256", "SHA-256"), ("SHA512", "SHA-512")]
)
def test_a_key_of_gpgs(made: Signer, digest: str, told: str) -> None:
    made.make_key(digest=digest)
    (key,) = keys(made.keyring.read_bytes())
    assert (key.fingerprint, key.digests) == (made.fingerprint(), frozenset([told]))
    assert keys(made.armoured()) == [key]


@needs_tool(*TOOLS)
@pytest.mark.tools
def test_a_key_that_was_signed_anew(made: Signer) -> None:
    made.make_key(digest="SHA1")
    (before,) = keys(made.keyring.read_bytes())
    made.sign_anew("SHA256")
    (after,) = keys(made.keyring.read_bytes())
    assert (before.fingerprint, before.digests) == (after.fingerprint, frozenset(["SHA-1"]))
    assert "SHA-256" in after.digests


@needs_tool(*TOOLS)
@pytest.mark.tools
def test_what_others_say_of_a_key_does_not_count(made: Signer) -> None:
    made.make_key("weak", digest="SHA1")
    weak = made.fingerprint()
    made.make_key("friend")
    made.gpg("--cert-digest-algo", "SHA512", "--local-user", "friend", "--quick-sign-key", weak)
    made.export()
    found = {key.fingerprint: key.digests for key in keys(made.keyring.read_bytes())}
    assert found[weak] == {"SHA-1"}


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "it is empty"),
        (b"<html>404</html>", "it holds something that is no OpenPGP packet"),
        (OLD[:800], "it is empty"),
        (keys(OLD)[0].raw[:-1], "it ends in the middle of a packet"),
        (keys(OLD)[0].raw[:1], "it ends in the middle of a packet"),
        (b"\xb4\x01a", "it does not begin with a public key"),
        (b"\x98\x01\x03", "it holds a key of version 3, which apt does not take"),
        (b"\x9b\x04", "it holds a packet of no certain length"),
        (b"\xc6\xe1aa", "it holds a packet in parts, which no key has"),
    ],
)
def test_what_is_no_keyring(data: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=r"^it ") as caught:
        keys(data)
    assert str(caught.value) == why


@given(st.binary(max_size=300))
def test_anything_is_read_or_refused(data: bytes) -> None:
    with suppress(ValueError):
        keys(data)


@given(st.integers(0, 1200), st.integers(0, 255))
def test_a_damaged_key_is_read_or_refused(place: int, byte: int) -> None:
    raw = keys(OLD)[0].raw
    with suppress(ValueError):
        keys(raw[:place] + bytes([byte]) + raw[place + 1 :])
