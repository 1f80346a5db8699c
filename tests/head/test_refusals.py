# SPDX-License-Identifier: Apache-2.0
"""What publish refuses, and that nothing has changed then."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from builder.head.ground import lock
from builder.head.ground.layout import Layout
from builder.head.release import signature
from tests.head.ground import Ground, node, sign
from tests.head.release import Tiny
from tests.needs import needs_tool

pytestmark = needs_tool("ssh-keygen", "dnsmasq", "zstd", "tar")

ONE, TWO = node(1), node(2)
FIRST = Tiny()
SECOND = Tiny(version="20260201-bbbbbbbb", epoch=1769904000)
PRIVATE = Tiny(version="20260301-cccccccc", epoch=1772323200, mode="private")


def test_what_is_refused(ground: Ground) -> None:
    ground.publish(ground.made(SECOND))
    older = ground.call("publish", ground.made(FIRST))
    assert (older.code, older.error["message"]) == (
        5,
        "tiny/20260101-aaaaaaaa of 2026-01-01 is older than what is published",
    )
    assert older.error["facts"] == [
        f"node01 boots {SECOND.version} of 2026-02-01",
        f"node02 boots {SECOND.version} of 2026-02-01",
    ]
    assert ground.call("publish", ground.made(FIRST), "--older").code == 0

    zero = ground.take_stock(ONE, node(17, "pizerow"))
    wrong = ground.call("publish", ground.made(SECOND), "--inventory", ground.nodes)
    assert zero and wrong.code == 5
    assert wrong.error["facts"] == ["node17 is a pizerow", "it boots pi3b, pi3bplus, pi4"]

    large = replace(SECOND, recipe="large", mode="ram", needs=2 << 30)
    small = ground.call("publish", ground.made(large), "--nodes", "node01")
    assert small.error["message"] == f"large/{SECOND.version} needs 2048 MiB of memory for its root"

    unknown = ground.call("publish", ground.made(SECOND), "--nodes", "node99")
    assert (unknown.code, unknown.error["message"]) == (2, "the head knows no node `node99`")


def test_signatures_decide(ground: Ground, tmp_path: Path) -> None:
    release = ground.made(FIRST)
    unsigned = tmp_path / "unsigned"
    shutil.copytree(release, unsigned)
    (unsigned / "manifest.json.sig").unlink()
    ended = ground.call("publish", unsigned, "--inventory", ground.nodes)
    assert (ended.code, ended.error["message"]) == (5, f"the release in `{unsigned}` is not signed")

    forged = tmp_path / "forged"
    shutil.copytree(release, forged)
    text = (forged / "manifest.json").read_text()
    (forged / "manifest.json").write_text(text.replace("cgroup_enable=memory", "init=/bin/sh"))
    ended = ground.call("publish", forged)
    assert (ended.code, ended.error["message"], ended.error["hint"]) == (
        5,
        f"the signature of the release in `{forged}` does not hold",
        "it was changed after it was signed, or its key is not trusted, has expired or was revoked; if it is "
        "the key alone, remove `manifest.json.sig` from the release in out/: then it is signed anew",
    )

    signers = ground.layout.signers.read_text()
    ground.layout.signers.write_text(signers.replace('release"', 'release",valid-before="20200101"'))
    assert ground.call("publish", release).error["message"].endswith("does not hold")
    ground.layout.signers.write_text(signers)
    ground.layout.revoked.write_text(ground.key.with_suffix(".pub").read_text())
    assert ground.call("publish", release).error["message"].endswith("does not hold")
    ground.layout.revoked.unlink()
    ground.layout.signers.unlink()
    assert ground.call("publish", release).error["message"] == "this head trusts no key yet"
    assert not list(ground.layout.pxe.glob("releases/*/*"))


def test_a_damaged_artifact_never_gets_in(ground: Ground) -> None:
    ground.publish(ground.made(FIRST))
    release = ground.made(replace(SECOND, recipe="other"))
    path = release / f"other-{SECOND.version}.base.squashfs"
    path.write_bytes(b"x" + path.read_bytes()[1:])
    ended = ground.call("publish", release)
    assert ended.code == 1
    assert ended.error["message"] == f"`{path.name}` is not what the manifest says"
    assert [ground.whole(each) for each in (ONE, TWO)] == [FIRST.version] * 2
    path.unlink()
    assert "is missing" in ground.call("publish", release).error["message"]


def test_two_at_once_are_told_apart(ground: Ground) -> None:
    release = ground.made(FIRST)
    with lock.held(ground.layout, "gc"):
        ended = ground.call("publish", release, "--inventory", ground.nodes)
    assert (ended.code, ended.error["message"]) == (5, "`publish` has to wait: the head is in use")
    assert f"process {os.getpid()}" in ended.error["facts"][0]
    ground.publish(release)


def test_a_file_that_is_somebody_elses_is_not_touched(ground: Ground) -> None:
    foreign = ground.layout.etc / "dnsmasq.d/nodebake.conf"
    foreign.parent.mkdir()
    foreign.write_text("# mine\n")
    ended = ground.call("publish", ground.made(FIRST), "--inventory", ground.nodes)
    assert (ended.code, ended.error["message"]) == (5, f"`{foreign}` was not written by nodebake-head")
    assert foreign.read_text() == "# mine\n"


def test_a_release_is_signed_anew_under_the_same_name(ground: Ground) -> None:
    ground.publish(ground.made(FIRST))
    changed = Tiny(top={"etc/motd": "other\n"}, needs=1).make(ground.folder / "elsewhere")
    sign(changed / "manifest.json", ground.key)
    ended = ground.call("publish", changed)
    assert (ended.code, ended.error["message"]) == (5, f"this head holds another tiny/{FIRST.version}")


def test_what_was_checked_is_what_is_taken(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    release = ground.made(FIRST)
    real = signature.verify

    def swapped(layout: Layout, folder: Path) -> signature.Signed:
        """Somebody writes another manifest as soon as it was checked."""
        signed = real(layout, folder)
        text = (folder / "manifest.json").read_text()
        (folder / "manifest.json").write_text(text.replace("cgroup_enable=memory", "init=/bin/sh"))
        return signed

    monkeypatch.setattr(signature, "verify", swapped)
    ground.publish(release)
    monkeypatch.undo()
    assert "init=/bin/sh" not in (ground.boots(ONE) / FIRST.prefix / "cmdline.txt").read_text()
    assert ground.call("verify").answer == []
