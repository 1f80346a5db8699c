# SPDX-License-Identifier: Apache-2.0
"""Keys that sign releases, with the real ssh-keygen, against what a head does with the lists."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from builder.deploy import keys
from builder.deploy.keys import Ring, Signer
from builder.deploy.publish import sign_if_possible
from builder.errors import RecipeError, RefusedError
from builder.report.silent import SilentReport
from tests.head.ground import Ground
from tests.head.release import Tiny
from tests.needs import needs_tool

pytestmark = needs_tool("ssh-keygen")
TODAY = date.today()
YESTERDAY = TODAY - timedelta(days=1)


@pytest.fixture
def ring(tmp_path: Path) -> Ring:
    return Ring(tmp_path)


def test_a_new_key_is_ours_alone_and_trusted(ring: Ring) -> None:
    signer = ring.new("operator", TODAY)
    assert ring.private("operator").stat().st_mode & 0o777 == 0o600
    assert ring.signers() == (signer,)
    assert ring.signers_file.read_text() == (
        f'operator namespaces="nodebake-release",valid-after="{YESTERDAY:%Y%m%d}" {signer.key}\n'
    )
    assert ring.usable(TODAY) == ring.private("operator")
    with pytest.raises(RefusedError, match="there is a key `operator` already"):
        ring.new("operator", TODAY)


def test_a_rotated_key_is_good_for_a_while(ring: Ring) -> None:
    ring.new("operator", TODAY)
    former, signer = ring.rotate(TODAY, 7)
    assert (former.before, signer.name) == (TODAY + timedelta(days=7), "operator-2")
    assert ring.usable(TODAY) == ring.private("operator-2")
    assert [each.good(TODAY + timedelta(days=6)) for each in ring.signers()] == [True, True]
    assert [each.good(TODAY + timedelta(days=7)) for each in ring.signers()] == [False, True]
    assert ring.rotate(TODAY)[1].name == "operator-3"


def test_what_a_key_is_called() -> None:
    day = timedelta(days=1)
    ages = [
        (None, None),
        (TODAY, None),
        (TODAY - day, TODAY + day),
        (TODAY - day, TODAY),
        (TODAY + day, None),
    ]
    assert [Signer("me", "ssh-ed25519 A", *age).state(TODAY) for age in ages] == [
        "good",
        "good",
        f"good until {TODAY + day}",
        f"over since {TODAY}",
        f"good from {TODAY + day}",
    ]


def test_a_revoked_key_signs_nothing_more(ring: Ring) -> None:
    ring.new("operator", TODAY)
    ring.revoke("operator")
    ring.revoke("operator")
    assert len(ring.revoked()) == 1
    assert ring.usable(TODAY) is None
    with pytest.raises(RecipeError, match="there is no key to rotate"):
        ring.rotate(TODAY)
    with pytest.raises(RecipeError, match="there is no key `other`"):
        ring.revoke("other")


def test_the_head_goes_by_the_lists(ring: Ring, ground: Ground) -> None:
    folder = Tiny().make(ground.folder / "out")
    ring.new("operator", TODAY - timedelta(days=9))

    def publish() -> int:
        shutil.copy(ring.signers_file, ground.layout.signers)
        if ring.revoked_file.exists():
            shutil.copy(ring.revoked_file, ground.layout.revoked)
        return ground.call("publish", folder, "--inventory", ground.nodes, "--dry-run").code

    keys.sign(folder / "manifest.json", ring.private("operator"))
    assert publish() == 0
    ring.rotate(TODAY - timedelta(days=8), 30)
    assert publish() == 0
    text = ring.signers_file.read_text()
    ended = [each for each in ring.signers() if each.before]
    expired = ended[0].line().replace(f"{ended[0].before:%Y%m%d}", f"{TODAY - timedelta(days=1):%Y%m%d}")
    ring.signers_file.write_text(text.replace(ended[0].line(), expired))
    assert publish() == 5
    keys.sign(folder / "manifest.json", ring.private("operator-2"))
    assert publish() == 0
    ring.revoke("operator-2")
    assert publish() == 5


def test_what_was_changed_after_it_was_signed_is_not_signed_anew(ring: Ring, ground: Ground) -> None:
    folder = Tiny().make(ground.folder / "out")
    ring.new("operator", TODAY)
    shutil.copy(ring.signers_file, ground.layout.signers)
    assert sign_if_possible(folder, ring, SilentReport())
    manifest, signature = folder / "manifest.json", folder / "manifest.json.sig"
    signed = signature.read_bytes()
    manifest.write_bytes(manifest.read_bytes() + b"\n")
    later = signature.stat().st_mtime + 60
    os.utime(manifest, (later, later))
    assert sign_if_possible(folder, ring, SilentReport())
    assert signature.read_bytes() == signed
    assert ground.call("publish", folder, "--inventory", ground.nodes, "--dry-run").code == 5


def test_a_key_is_good_where_it_is_still_yesterday(ring: Ring, ground: Ground) -> None:
    """Who sits in Sydney at nine has a date that a head, which goes by UTC, will have in an hour."""
    folder = Tiny().make(ground.folder / "out")
    ring.new("operator", datetime.now(UTC).date() + timedelta(days=1))
    keys.sign(folder / "manifest.json", ring.private("operator"))
    shutil.copy(ring.signers_file, ground.layout.signers)
    ended = ground.call("publish", folder, "--inventory", ground.nodes, "--dry-run")
    assert ended.code == 0, ended.events


def test_a_line_of_somebody_elses_is_told(ring: Ring) -> None:
    ring.signers_file.write_text("# ours\nalice ssh-ed25519 AAAA\n")
    with pytest.raises(RecipeError, match="line 2 of `release_signers` is not one that nodebake writes"):
        ring.signers()
