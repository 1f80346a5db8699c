# SPDX-License-Identifier: Apache-2.0
"""Publish and rollback on a head in a folder, with the real ssh-keygen, tar, cp and dnsmasq."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from tests.head.ground import Ended, Ground, node
from tests.head.release import Tiny
from tests.needs import needs_tool

pytestmark = needs_tool("ssh-keygen", "dnsmasq", "zstd", "tar")

ONE, TWO = node(1), node(2)
FIRST = Tiny()
SECOND = Tiny(version="20260201-bbbbbbbb", epoch=1769904000)
PRIVATE = Tiny(version="20260301-cccccccc", epoch=1772323200, mode="private")


def test_each_node_boots_the_release_with_its_own_words(ground: Ground) -> None:
    ended = ground.publish(ground.made(FIRST))
    assert ended.answer["nodes"] == ["node01", "node02"]
    assert ended.answer["signer"] == "operator"
    assert [ground.whole(each) for each in (ONE, TWO)] == [FIRST.version] * 2
    words = (ground.boots(ONE) / FIRST.prefix / "cmdline.txt").read_text()
    pxe = ground.layout.pxe
    assert words == (
        "console=tty1 cgroup_enable=memory boot=nodebake nodebake.release=tiny/20260101-aaaaaaaa "
        f"nodebake.mode=shared nodebake.root=10.42.0.250:{pxe}/releases/tiny/20260101-aaaaaaaa "
        "nodebake.layers=tiny-20260101-aaaaaaaa.base.squashfs,tiny-20260101-aaaaaaaa.top.squashfs "
        f"nodebake.writable=tmpfs nodebake.data=10.42.0.250:{pxe}/instances/node01/data "
        f"nodebake.identity=10.42.0.250:{pxe}/identity/node01 "
        "nodebake.head=10.42.0.250 nodebake.netconsole=10.42.0.250\n"
    )


def test_publishing_twice_equals_once(ground: Ground) -> None:
    ground.publish(ground.made(FIRST))
    before = snapshot(ground.layout.pxe)
    again = ground.publish(ground.made(FIRST))
    assert again.operations == []
    assert {path: each for path, each in snapshot(ground.layout.pxe).items() if "state" not in path} == {
        path: each for path, each in before.items() if "state" not in path
    }


def test_a_dry_run_tells_and_does_nothing(ground: Ground) -> None:
    release = ground.made(FIRST)
    before = snapshot(ground.layout.pxe)
    ended = ground.publish(release, "--dry-run")
    assert ended.operations == [
        f"take tiny/20260101-aaaaaaaa from {release}",
        "make the identity of node01",
        "make the identity of node02",
        "make node01/tiny-20260101-aaaaaaaa",
        "make node02/tiny-20260101-aaaaaaaa",
        "number 7 exports",
        f"write {ground.layout.etc}/exports.d/nodebake.exports and reload kernel",
        f"write {ground.layout.etc}/dnsmasq.d/nodebake.conf and reload dnsmasq",
        "write the journal: 2 to switch",
        "switch node01 from nothing to tiny-20260101-aaaaaaaa",
        "switch node02 from nothing to tiny-20260101-aaaaaaaa",
        "wait for the disk",
    ]
    after = snapshot(ground.layout.pxe)
    assert {path for path in after if "lock" not in path and path != "state"} == before.keys()


def test_a_canary_goes_first(ground: Ground) -> None:
    ground.publish(ground.made(FIRST))
    ended = ground.publish(ground.made(SECOND), "--canary", "node02")
    assert ended.answer["nodes"] == ["node02"]
    assert [ground.whole(each) for each in (ONE, TWO)] == [FIRST.version, SECOND.version]
    rest = ground.publish(ground.made(SECOND))
    assert "make" not in " ".join(rest.operations)
    assert [ground.whole(each) for each in (ONE, TWO)] == [SECOND.version] * 2


def test_rollback_leads_back_step_by_step(ground: Ground) -> None:
    third = replace(SECOND, version="20260202-dddddddd", epoch=SECOND.epoch + 86400)
    for each in (FIRST, SECOND, third):
        ground.publish(ground.made(each))
    assert ground.call("rollback", "--nodes", "node01").answer == [
        {"node": "node01", "release": f"tiny/{SECOND.version}"}
    ]
    assert [ground.whole(each) for each in (ONE, TWO)] == [SECOND.version, third.version]
    ground.call("rollback", "--nodes", "node01")
    assert ground.whole(ONE) == FIRST.version
    ended = ground.call("rollback", "--nodes", "node01,node02")
    assert ended.code == 5
    assert ended.error["message"] == "1 of 2 nodes have no former pair"
    assert ended.error["facts"] == [f"node01 has {FIRST.version}, {SECOND.version}, {third.version}"]
    assert ground.whole(TWO) == third.version
    assert ground.call("rollback", "--nodes", "node01", "--to", third.version).code == 0
    assert ground.whole(ONE) == third.version


def test_a_boot_that_has_begun_finds_all_its_files(ground: Ground) -> None:
    ground.publish(ground.made(FIRST))
    begun = files_of(ground.boots(ONE))
    third = replace(SECOND, version="20260202-dddddddd")
    moves: tuple[Callable[[], Ended], ...] = (
        lambda: ground.publish(ground.made(SECOND)),
        lambda: ground.publish(ground.made(third)),
        lambda: ground.call("rollback"),
        lambda: ground.publish(ground.made(PRIVATE)),
        lambda: ground.call("rollback"),
    )
    for move in moves:
        move()
        now = files_of(ground.boots(ONE))
        # What config.txt names has a hash or the release in its name; of the rest the present one is as good.
        named = {path: data for path, data in begun.items() if "-" in path}
        assert {path: now.get(path) for path in named} == named
        begun |= now


def test_a_boot_that_is_long_over_is_not_carried_on(ground: Ground) -> None:
    ground.publish(ground.made(FIRST))
    ground.publish(ground.made(SECOND))
    os.utime(ground.boots(ONE).parent / "carried", (1, 1))
    ground.publish(ground.made(replace(SECOND, version="20260202-dddddddd")))
    names = {path.name for path in ground.boots(ONE).iterdir() if path.is_dir()}
    assert names == {SECOND.version, "20260202-dddddddd"}


def test_a_board_that_asks_below_its_serial_number_finds_the_same(ground: Ground) -> None:
    ground.take_stock(node(4, "pi4", "1a2b3c4d"))
    ground.publish(ground.made(FIRST))
    boot = ground.boots(node(4, "pi4"))
    assert (boot / "1a2b3c4d/config.txt").samefile(boot / "config.txt")
    assert (boot / "1a2b3c4d" / FIRST.prefix / "cmdline.txt").is_file()


def test_another_board_in_a_nodes_place(ground: Ground) -> None:
    ground.publish(ground.made(FIRST))
    key = ground.call("known-hosts").answer[0]
    other = replace(ONE, mac="b8:27:eb:00:00:99")
    ground.take_stock(other, TWO)
    ended = ground.publish(ground.made(FIRST), "--nodes", "node01")
    assert "take node01 from the board b8-27-eb-00-00-01" in ended.operations
    assert ground.whole(other) == FIRST.version
    assert not ground.layout.switch(ONE.mac).exists()
    # It is the same node, whatever board is in its place.
    assert ground.call("known-hosts").answer[0] == key
    assert ground.call("publish", "none/1").error["message"].endswith("none/1` holds no release")


def test_content_directories_are_made_and_never_touched(ground: Ground) -> None:
    mine = ground.layout.contents / "node01/result.csv"
    mine.parent.mkdir(parents=True)
    mine.write_text("x")
    before = mine.stat(), mine.parent.stat()
    ground.publish(ground.made(FIRST))
    ground.publish(ground.made(PRIVATE))
    ground.call("rollback")
    ground.call("gc", "--keep", "1")
    assert (mine.stat(), mine.parent.stat()) == before
    assert (ground.layout.contents / "node02").is_dir()


def test_identities_are_made_once_and_outlive_releases(ground: Ground) -> None:
    ground.publish(ground.made(FIRST))
    hosts = ground.call("known-hosts").answer
    assert [line.split()[0] for line in hosts] == ["node01,10.42.0.1", "node02,10.42.0.2"]
    assert len({line.split()[2] for line in hosts}) == 2
    machine_id = (ground.layout.identities / "node01/etc/machine-id").read_text()
    ground.publish(ground.made(SECOND))
    ground.call("rollback")
    assert ground.call("known-hosts").answer == hosts
    assert (ground.layout.identities / "node01/etc/machine-id").read_text() == machine_id
    assert (ground.layout.identities / "node01").stat().st_mode & 0o777 == 0o700
    assert (ground.layout.identities / "node01/etc/fstab").read_text() == (
        f"10.42.0.250:{ground.layout.contents}/node01 /opt/individual_content nfs "
        "vers=3,tcp,nolock,_netdev,noatime,nofail 0 0\n"
    )


def test_a_new_address_makes_a_new_instance(ground: Ground) -> None:
    ground.publish(ground.made(FIRST))
    known = ground.take_stock(ONE, TWO)
    ground.nodes.write_text(ground.nodes.read_text().replace(known.address, "10.42.0.251"))
    ended = ground.publish(ground.made(FIRST))
    assert "make node01/tiny-20260101-aaaaaaaa.2" in ended.operations
    assert "10.42.0.251:" in (ground.boots(ONE) / FIRST.prefix / "cmdline.txt").read_text()


def test_verify_finds_what_was_damaged_later(ground: Ground) -> None:
    ground.publish(ground.made(FIRST))
    ground.publish(ground.made(PRIVATE), "--nodes", "node02")
    assert ground.call("verify").answer == []
    release = ground.layout.release(FIRST.recipe, FIRST.version)
    layer = release / f"tiny-{FIRST.version}.top.squashfs"
    layer.write_bytes(b"x" * layer.stat().st_size)
    kernel = ground.boots(ONE) / FIRST.prefix / "vmlinuz"
    kernel.write_bytes(b"y" * 4000)
    (ground.boots(ONE) / "config.txt").unlink()
    words = ground.boots(TWO) / PRIVATE.prefix / "cmdline.txt"
    words.write_text("init=/bin/sh\n")
    tool = ground.layout.release(PRIVATE.recipe, PRIVATE.version) / "root/usr/bin/tool"
    tool.write_text("#!/bin/bad\n")
    ended = ground.call("verify")
    assert ended.code == 1
    assert {(Path(fault["path"]), fault["what"]) for fault in ended.answer} == {
        (layer, "has other content than the manifest says"),
        (release / "boot" / FIRST.prefix / "vmlinuz", "has other content than the release's archive"),
        (tool, "has other content than the manifest says"),
        (ground.layout.instance("node01", f"tiny-{FIRST.version}") / "boot/config.txt", "is missing"),
        (words.resolve(),
         "is not the command line that it was made with"),
    }  # fmt: skip


def test_gc_keeps_what_is_in_use_and_the_last(ground: Ground) -> None:
    versions = [f"2026010{day}-{day * 8}" for day in map(str, range(1, 6))]
    for day, version in enumerate(versions):
        ground.publish(ground.made(Tiny(version=version, epoch=FIRST.epoch + day)))
    ground.call("rollback", "--nodes", "node01")
    ground.call("rollback", "--nodes", "node01")
    dry = ground.call("gc", "--dry-run").answer
    ended = ground.call("gc")
    assert ended.answer["removed"] == dry["removed"]
    kept = [
        {each.name for each in (ground.layout.instances / name).iterdir()} for name in ("node01", "node02")
    ]
    assert kept == [
        {"data", *(f"tiny-{versions[number]}" for number in numbers)} for numbers in ((1, 2), (3, 4))
    ]
    assert {path.name for path in (ground.layout.releases / "tiny").iterdir()} == set(versions[1:])
    assert [ground.whole(each) for each in (ONE, TWO)] == [versions[2], versions[4]]
    assert ground.call("verify").answer == []
    assert ground.call("rollback").code == 0
    assert ground.call("gc").answer["removed"] == []
    assert ground.call("gc", "--keep", "0").code == 2


def test_gc_removes_what_a_kill_left(ground: Ground) -> None:
    versions = [f"2026010{day}-{day * 8}" for day in map(str, range(1, 4))]
    for day, version in enumerate(versions):
        ground.publish(ground.made(Tiny(version=version, epoch=FIRST.epoch + day)))
    layout = ground.layout
    left = [
        layout.releases / "tiny/.20260109-99999999.making/manifest.json",
        # An image that was being unpacked, of a release that stays and of one that goes.
        *(layout.release("tiny", version) / ".tiny.img.part" for version in versions),
        layout.adopted / ".raspbian.making/raspbian.root.tar.zst",
    ]
    for path in left:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"half")
    assert ground.call("gc").code == 0
    assert [path for path in left if path.exists()] == []
    assert {path.name for path in (layout.releases / "tiny").iterdir()} == set(versions[1:])
    assert ground.call("verify").answer == []


def test_former_fragments_are_kept(ground: Ground) -> None:
    ground.publish(ground.made(FIRST))
    before = (ground.layout.etc / "dnsmasq.d/nodebake.conf").read_text()
    ground.take_stock(ONE, TWO, node(3))
    ground.publish(ground.made(FIRST))
    kept = list((ground.layout.state / "fragments").glob("nodebake.conf.*"))
    assert [path.read_text() for path in kept] == [before]


def snapshot(folder: Path) -> dict[str, tuple[int, int, str]]:
    """Every path below with its inode, size and target."""
    found = {}
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        target = str(path.readlink()) if path.is_symlink() else ""
        found[str(path.relative_to(folder))] = (
            status.st_ino,
            status.st_size if path.is_file() else 0,
            target,
        )
    return found


def files_of(boot: Path) -> dict[str, bytes]:
    """What TFTP serves there, links followed."""
    found = {}
    for folder, _, names in os.walk(boot, followlinks=True):
        for name in names:
            path = Path(folder) / name
            found[str(path.relative_to(boot))] = path.read_bytes()
    return found
