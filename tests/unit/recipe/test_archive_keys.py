# SPDX-License-Identifier: Apache-2.0
"""The keys that site.yaml names: the right one, one that apt takes, and only that one goes on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from builder.archive.hosts import require_keys
from builder.base.archives import PUBLIC
from builder.base.openpgp import keys
from builder.errors import Exit, LackingError, Problems
from builder.recipe.recipe import Recipe
from tests.archives.signer import TOOLS, Signer, signer
from tests.needs import needs_tool
from tests.unit.recipe.project import SITE, recipe

OLD = (Path(__file__).parents[2] / "data/pi-archive-keys-2012.asc").read_bytes()
RASPBIAN = PUBLIC["raspbian"].fingerprint
X = "format: 1\nboards: [pi3b]\nbase: raspbian\n"
FROM = "get it from the package raspberrypi-archive-keyring of archive.raspberrypi.com, 2025.1 or later"


@pytest.fixture(scope="module")
def made() -> Iterator[Signer]:
    with signer() as keys:
        keys.make_key(digest="SHA1")
        yield keys


def with_key(key: bytes, said: str = "{keyring: keys/raspbian.gpg}") -> Recipe:
    site = f"{SITE}archives: {{raspbian: {said}}}\n"
    return recipe({"recipes/x.yaml": X, "site.yaml": site, "keys/raspbian.gpg": key})


def refusal(key: bytes, said: str = "{keyring: keys/raspbian.gpg}") -> Problems:
    with pytest.raises(Problems) as caught:
        with_key(key, said)
    return caught.value


def test_the_key_trap_is_told_with_its_way_out() -> None:
    error = refusal(OLD)
    assert error.exit == Exit.REFUSED
    assert error.render() == (
        "site.yaml:3:32: error: the key of archive `raspbian` vouches for itself with SHA-1 only\n"
        "  3 | archives: {raspbian: {keyring: keys/raspbian.gpg}}\n"
        "    |                                ^\n"
        f"  key {RASPBIAN}\n"
        "  self-signatures: SHA-1; since 2026-02-01 apt of Debian 13 (sqv) refuses such a key\n"
        f"hint: the same key was signed anew: {FROM}"
    )


@needs_tool(*TOOLS)
@pytest.mark.tools
def test_the_trap_is_mended_by_the_key_that_was_signed_anew(made: Signer) -> None:
    said = f"{{keyring: keys/raspbian.gpg, fingerprint: {made.fingerprint()}}}"
    weak = made.keyring.read_bytes()
    assert "with SHA-1 only" in refusal(weak, said).render()
    with signer() as again:
        again.gpg("--import", str(_private(made)))
        again.sign_anew()
        ((word, key),) = with_key(again.keyring.read_bytes(), said).keyrings
    assert word == "raspbian"
    assert keys(key)[0].fingerprint == made.fingerprint()


def _private(made: Signer) -> Path:
    path = made.home / "private.gpg"
    made.gpg("--export-secret-keys", "--output", str(path))
    return path


@needs_tool(*TOOLS)
@pytest.mark.tools
def test_another_key_is_refused_with_both(made: Signer) -> None:
    error = refusal(made.keyring.read_bytes())
    assert error.exit == Exit.REFUSED
    assert error.render().splitlines()[:1] + error.render().splitlines()[3:] == [
        "site.yaml:3:32: error: the keyring of archive `raspbian` does not hold the archive's key",
        f"  pinned {RASPBIAN}",
        f"  found  {made.fingerprint()}",
        f"hint: {FROM}; a site that signs a copy of its own names its key by `fingerprint:`",
    ]


@needs_tool(*TOOLS)
@pytest.mark.tools
def test_only_the_pinned_key_of_a_ring_goes_on() -> None:
    with signer() as ours:
        ours.make_key("first")
        wanted = ours.fingerprint()
        ours.make_key("second")
        both = ours.armoured()
    assert len(keys(both)) == 2
    said = f"{{keyring: keys/raspbian.gpg, fingerprint: '{wanted[:20]} {wanted[20:].lower()}'}}"
    ((_, key),) = with_key(both, said).keyrings
    assert [found.fingerprint for found in keys(key)] == [wanted]


def test_a_key_that_does_not_vouch_for_itself() -> None:
    raw = keys(OLD)[0].raw
    # The first packet is the key alone: two bytes of length behind the tag.
    bare = raw[: 3 + int.from_bytes(raw[1:3])]
    assert "the key of archive `raspbian` does not vouch for itself" in refusal(bare).render()


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("{keyring: keys/none.gpg}", "the keyring `keys/none.gpg` is not there"),
        ("{keyring: ../x.gpg}", "the keyring `../x.gpg` leaves the project"),
        ("{keyring: recipes/x.yaml}", "the keyring of archive `raspbian` cannot be read"),
        ("{keyring: keys/raspbian.gpg, fingerprint: 90FDDD2E}", "a fingerprint has 40 or 64 hex digits"),
        ("{fingerprint: 90FDDD2E}", "a `fingerprint` is nothing without its `keyring`"),
    ],
)
def test_what_cannot_be_a_key(said: str, message: str) -> None:
    (problem,) = refusal(OLD, said).problems
    assert problem.message == message
    assert problem.exit == Exit.USAGE
    assert problem.place is not None
    assert problem.place.file == "site.yaml"


def test_debians_own_key_is_debians_business() -> None:
    site = f"{SITE}archives: {{debian: {{keyring: k}}}}\n"
    with pytest.raises(Problems) as caught:
        recipe({"recipes/x.yaml": X, "site.yaml": site, "k": OLD})
    (problem,) = caught.value.problems
    assert problem.message == "`debian` takes no `keyring`: its key comes with debian-archive-keyring"


def test_a_key_that_nobody_has_given() -> None:
    require_keys(["debian", "raspbian"], {"raspbian": b"key"})
    with pytest.raises(LackingError) as caught:
        require_keys(["debian", "raspbian"], {})
    assert caught.value.render() == (
        "error: the keyring of archive `raspbian` is missing\n"
        f"  Debian ships none for it; its key is {RASPBIAN}\n"
        f"  {FROM}\n"
        "hint: copy it into the project and say so in site.yaml: "
        "`archives: {raspbian: {keyring: keys/raspbian.gpg}}`"
    )
