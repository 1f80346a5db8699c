# SPDX-License-Identifier: Apache-2.0
"""Looking after a head: doctor, backup and restore, adopting a hand-made root."""

from __future__ import annotations

import errno
import io
import json
import os
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from builder.errors import NodebakeError
from builder.head.boots import adopt, cards
from builder.head.node import instance, inventory
from builder.head.upkeep import backup, doctor
from builder.head.upkeep.doctor import NEEDED, Patient
from builder.release import manifest
from tests.head.ground import Ground, make_ground, node, sign
from tests.head.release import Tiny
from tests.needs import needs_tool

pytestmark = needs_tool("ssh-keygen", "dnsmasq", "zstd", "tar")

ONE, TWO = node(1), node(2)
FIRST = Tiny()
PRIVATE = Tiny(version="20260301-cccccccc", epoch=1772323200, mode="private")
FLASHER = Tiny(recipe="flasher", version="20260501-eeeeeeee", mode="ram")
CARD = Tiny(recipe="sdcard", version="20260601-ffffffff", mode="card")


def test_a_well_head_has_nothing_wrong(ground: Ground) -> None:
    ground.publish(ground.made(FIRST))
    ended = ground.call("doctor", "--nfs", "kernel")
    room = [each for each in ended.answer if "MiB are free" not in each["what"]]
    assert (ended.code, room) == (0, [])


def test_the_doctor_finds_what_keeps_nodes_from_booting(ground: Ground) -> None:
    ground.publish(ground.made(FIRST))
    ground.publish(ground.made(PRIVATE), "--nodes", "node02")
    place = ground.boots(TWO).parent
    (place / "root/usr/lib/modules/6.1.0-1").mkdir(parents=True)
    (place / "boot" / PRIVATE.prefix / "vmlinuz").write_bytes(b"..Linux version 6.12.1-2 (x)..")
    ground.layout.switch(ONE.mac).unlink()
    (ground.layout.identities / "node02/etc/machine-id").unlink()
    (ground.layout.etc / "dnsmasq.d/site.conf").write_text("tftp-max=1\n")
    ground.layout.signers.unlink()
    known = inventory.load(ground.layout)
    present = instance.present(ground.layout, known.nodes)
    log = ("dnsmasq-dhcp: DHCPDISCOVER(eth0) b8:27:eb:00:00:02",)
    effective = f"{ground.layout.releases} 10.42.0.0/24\n{ground.layout.contents}/node02 10.42.0.2\n"
    patient = Patient(ground.layout, known, present, "kernel", frozenset(NEEDED) - {"udp 69"}, effective, log)
    found = {(each.level, each.about): each for each in doctor.findings(patient)}
    assert found["bad", "udp 69"].hint == "dnsmasq serves no TFTP: `systemctl status dnsmasq`"
    assert found["bad", "signers"].what == "this head trusts no key: nothing can be published"
    assert "has no directory `b8-27-eb-00-00-01`" in found["bad", "node01"].what
    assert found["bad", "node02"].what == "boots kernel 6.12.1-2 and has modules of 6.1.0-1"
    assert found["bad", "tftp-max"].what == "is 1, and there are 2 nodes"
    assert (
        found["bad", f"{ground.layout.etc}/dnsmasq.d/nodebake.conf"].what
        == "is not what the inventory asks for"
    )
    assert found["bad", str(ground.layout.contents / "node01")].what == "is not exported to 10.42.0.1"
    assert found["odd", "node02"].what == "did not get a file"
    assert ("bad", str(ground.layout.releases)) not in found


@pytest.mark.parametrize("releases", [True, False])
def test_a_new_head_serves_the_same_nodes_with_the_same_keys(
    ground: Ground, place: Path, releases: bool
) -> None:
    ground.publish(ground.made(FIRST))
    ground.publish(ground.made(replace(FIRST, version="20260102-bbbbbbbb")), "--nodes", "node02")
    saved = place / "head.backup"
    words = ["--releases"] if releases else []
    assert ground.call("backup", saved, *words).code == 0
    assert saved.stat().st_mode & 0o777 == 0o600
    # Words of a command line name paths: a new head is at the same place.
    hosts = ground.call("known-hosts").answer
    exports = (ground.layout.etc / "exports.d/nodebake.exports").read_text()
    identity = (ground.layout.identities / "node01/etc/machine-id").read_text()
    ground.folder.rename(place / "old")
    fresh = make_ground(ground.folder)
    # Whom it trusts is for whoever sets it up to say, and not for the archive.
    fresh.layout.signers.write_text((place / "old/etc/nodebake/allowed_signers").read_text())
    ended = fresh.call("restore", saved, "--nfs", "kernel")
    assert ended.code == 0
    assert ended.answer["identities"] == 2
    assert fresh.call("known-hosts").answer == hosts
    assert (fresh.layout.identities / "node01/etc/machine-id").read_text() == identity
    assert (fresh.layout.identities / "node01").stat().st_mode & 0o777 == 0o700
    if releases:
        assert ended.answer["lacking"] == {}
        assert [fresh.whole(each) for each in (ONE, TWO)] == [FIRST.version, "20260102-bbbbbbbb"]
        assert (fresh.layout.etc / "exports.d/nodebake.exports").read_text() == exports
        assert not backup.incoming(fresh.layout).exists()
    else:
        assert ended.answer["lacking"] == {
            f"tiny/{FIRST.version}": ["node01"], "tiny/20260102-bbbbbbbb": ["node02"],
        }  # fmt: skip


def test_half_a_backup_is_not_left(ground: Ground, place: Path) -> None:
    ground.publish(ground.made(FIRST))
    next(ground.layout.release(FIRST.recipe, FIRST.version).glob("manifest.json")).unlink()
    saved = place / "head.backup"
    assert ground.call("backup", saved, "--releases").code != 0
    assert not saved.exists()


@pytest.mark.parametrize(
    "name", ["", "identity/../../x", "/etc/passwd", "etc/passwd", "releases/a/b", "state/lock"]
)
def test_a_backup_leads_nowhere_else(ground: Ground, name: str) -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        for path, text in (("backup.json", json.dumps({"format": 1, "assignments": {}})), (name, "x")):
            member = tarfile.TarInfo(path)
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))
    stream.seek(0)
    with pytest.raises(NodebakeError, match=r"belongs to no head|cannot be the name"):
        backup.read(ground.layout, stream)


def test_what_is_no_backup_is_refused(ground: Ground, place: Path) -> None:
    (place / "x").write_bytes(b"x" * 2000)
    assert ground.call("restore", place / "x").error["message"] == "this is no backup of a head"


def test_a_hand_made_root_becomes_a_release(ground: Ground, place: Path) -> None:
    root, boot = place / "pxe-root", place / "pxe-boot"
    top = {"etc/ssh/ssh_host_rsa_key": "shared", "proc/x": "x", "etc/motd": "old\n"}
    Tiny(mode="private", top=top).tree(root)
    for path in ("overlays", "10.42.0.2"):
        (boot / path).mkdir(parents=True)
    for name in (
        "bootcode.bin",
        "start.elf",
        "fixup.dat",
        "kernel7.img",
        "bcm2710-rpi-3-b.dtb",
        "10.42.0.2/x",
    ):
        (boot / name).write_text(name)
    (boot / "overlays/a.dtbo").write_text("a")
    (boot / "config.txt").write_text("enable_uart=1\n")
    today = "console=serial0,115200 root=/dev/nfs nfsroot=10.42.0.250:/pxe/root,vers=3 rw ip=dhcp rootwait"
    (boot / "cmdline.txt").write_text(f"{today} elevator=deadline\n")
    ground.call("publish", ground.made(FIRST), "--inventory", ground.nodes, "--nfs", "kernel")
    ended = ground.call("adopt", "raspbian", "--root", root, "--boot", boot)
    release = Path(ended.answer["release"])
    told = manifest.parse((release / "manifest.json").read_text())
    assert told.netboot
    assert told.netboot.cmdline == ("console=serial0,115200", "elevator=deadline")
    assert told.netboot.boards[0].kernel == "kernel7.img"
    assert ground.call("publish", release).error["message"] == f"the release in `{release}` is not signed"
    sign(release / "manifest.json", ground.key)
    ground.publish(release, "--nodes", "node02")
    served = ground.boots(TWO)
    prefix = told.netboot.prefix
    assert (served / "config.txt").read_text() == f"enable_uart=1\n[all]\nos_prefix={prefix}\n"
    assert {str(path.relative_to(served)) for path in served.rglob("*") if path.is_file()} >= {
        "bootcode.bin", "start.elf", f"{prefix}kernel7.img", f"{prefix}overlays/a.dtbo",
    }  # fmt: skip
    own = served.parent / "root"
    assert (served / prefix / "cmdline.txt").read_text() == (
        "console=serial0,115200 elevator=deadline root=/dev/nfs "
        f"nfsroot=10.42.0.250:{own},vers=3,tcp rw ip=dhcp rootwait\n"
    )
    assert (own / "etc/motd").read_text() == "old\n"
    assert (own / "etc/hostname").read_text() == "node02\n"
    assert not (own / "etc/ssh/ssh_host_rsa_key").exists()
    assert list((own / "proc").iterdir()) == []
    assert ground.call("drift", "--nodes", "node02").answer == {"node02": []}
    assert ground.call("verify").answer == []
    ground.call("rollback", "--nodes", "node02")
    assert ground.whole(TWO) == FIRST.version


def test_a_root_is_adopted_again_when_something_has_changed(ground: Ground, place: Path) -> None:
    root, boot = place / "pxe-root", place / "pxe-boot"
    Tiny(mode="private").tree(root)
    boot.mkdir()
    for name in ("config.txt", "kernel7.img", "start.elf"):
        (boot / name).write_text(name)

    def adopted() -> Path:
        release = Path(ground.call("adopt", "raspbian", "--root", root, "--boot", boot).answer["release"])
        sign(release / "manifest.json", ground.key)
        ground.publish(release, "--nodes", "node02", "--inventory", ground.nodes)
        return release

    first = adopted()
    assert adopted() == first
    (boot / "config.txt").write_text("enable_uart=1\n")
    assert adopted() != first
    assert (ground.boots(TWO) / "config.txt").read_text().startswith("enable_uart=1\n")


def test_a_root_that_cannot_be_packed_leaves_nothing(
    ground: Ground, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, boot = place / "pxe-root", place / "pxe-boot"
    Tiny(mode="private").tree(root)
    boot.mkdir()
    (boot / "config.txt").write_text("")

    def fill(_: Path, archive: Path) -> None:
        archive.write_bytes(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(archive))

    monkeypatch.setattr(adopt, "pack_root", fill)
    ended = ground.call("adopt", "raspbian", "--root", root, "--boot", boot)
    assert (ended.code, ended.error["message"]) == (
        3,
        f"no space left on the disk of `{ground.layout.pxe}`",
    )
    assert list(ground.layout.adopted.rglob("*.tar.zst")) == []


def test_what_is_no_root_is_not_adopted(ground: Ground, place: Path) -> None:
    ended = ground.call("adopt", "x", "--root", place / "none", "--boot", place)
    assert ended.code == 2
    lacking = [f"`{place}/none` is no folder", f"there is no `{place}/config.txt`"]
    assert ended.error["facts"] == lacking


def on_its_card(ground: Ground) -> None:
    """node01 had a root of its own, and runs from its card."""
    ground.publish(ground.made(PRIVATE), "--nodes", "node01")
    words = ("--inventory", ground.nodes, "--nodes", "node01", "--nfs", "kernel")
    for each in (FLASHER, CARD):
        assert ground.call("assign", ground.made(each), *words).code == 0
    assert ground.call("settle", "passed", "--nodes", "node01", "--nfs", "kernel").code == 0


def test_a_node_on_its_card_is_nothing_wrong(ground: Ground) -> None:
    on_its_card(ground)
    found = ground.call("doctor", "--nfs", "kernel").answer
    assert not [each for each in found if each["level"] == "bad" and "node02" not in str(each)]


def test_a_new_head_knows_who_runs_from_a_card_and_who_is_held(ground: Ground, place: Path) -> None:
    on_its_card(ground)
    ground.publish(ground.made(FIRST), "--nodes", "node02")
    assert ground.call("hold", "--nodes", "node02", "--by", "ann", "--reason", "lent").code == 0
    saved = place / "head.backup"
    assert ground.call("backup", saved, "--releases").code == 0
    exports = (ground.layout.etc / "exports.d/nodebake.exports").read_text()
    held = ground.call("holds").answer
    ground.folder.rename(place / "old")
    fresh = make_ground(ground.folder)
    fresh.layout.signers.write_text((place / "old/etc/nodebake/allowed_signers").read_text())
    assert fresh.call("restore", saved, "--nfs", "kernel").answer["lacking"] == {}
    assert cards.load(fresh.layout).cards["node01"].release == f"sdcard/{CARD.version}"
    assert fresh.whole(ONE) == FLASHER.version
    assert fresh.call("holds").answer == held
    assert (fresh.layout.etc / "exports.d/nodebake.exports").read_text() == exports
