# SPDX-License-Identifier: Apache-2.0
"""Roots of nodes' own: copies, drift, and what a new release does to them."""

from __future__ import annotations

from dataclasses import replace

from tests.head.ground import Ground, node
from tests.head.release import Tiny
from tests.needs import needs_tool

pytestmark = needs_tool("ssh-keygen", "dnsmasq", "zstd", "tar")

ONE, TWO = node(1), node(2)
FIRST = Tiny()
SECOND = Tiny(version="20260201-bbbbbbbb", epoch=1769904000)
PRIVATE = Tiny(version="20260301-cccccccc", epoch=1772323200, mode="private")


def test_a_private_root_is_the_nodes_own(ground: Ground) -> None:
    ended = ground.publish(ground.made(PRIVATE))
    assert ended.answer["copied"] in (["copy"], ["reflink"])
    assert [ground.whole(each) for each in (ONE, TWO)] == [PRIVATE.version] * 2
    root = ground.boots(ONE).parent / "root"
    boot = ground.boots(ONE)
    assert (root / "etc/fstab").read_text() == (
        "proc /proc proc defaults 0 0\n"
        "# nodebake-head: this node's own lines\n"
        f"10.42.0.250:{boot} /boot/firmware nfs vers=3,tcp,nolock,_netdev,noatime,nofail 0 0\n"
        f"10.42.0.250:{ground.layout.contents}/node01 /opt/individual_content nfs "
        "vers=3,tcp,nolock,_netdev,noatime,nofail 0 0\n"
    )
    key = ground.layout.identities / "node01/etc/ssh/ssh_host_ed25519_key"
    assert (root / "etc/ssh/ssh_host_ed25519_key").read_bytes() == key.read_bytes()
    assert (
        (root / "etc/default/raspi-extra-cmdline")
        .read_text()
        .strip()
        .endswith("nodebake.netconsole=10.42.0.250")
    )
    # Nothing of it is shared with the release or with another node.
    release = ground.layout.release(PRIVATE.recipe, PRIVATE.version)
    own = {path.stat().st_ino for path in boot.parent.rglob("*") if path.is_file()}
    others = [path for path in (*release.rglob("*"), *ground.boots(TWO).parent.rglob("*")) if path.is_file()]
    assert not own & {path.stat().st_ino for path in others}


def test_drift_tells_what_the_node_has_changed(ground: Ground) -> None:
    ground.publish(ground.made(PRIVATE))
    assert ground.call("drift").answer == {"node01": [], "node02": []}
    place = ground.boots(ONE).parent
    (place / "root/etc/motd").write_text("howdy\n")
    (place / "root/usr/bin/tool").unlink()
    (place / "root/usr/bin/mine").write_text("x")
    (place / "root/var/log/syslog").write_text("x")
    (place / "boot/vmlinuz-new").write_text("x")
    assert ground.call("drift", "--nodes", "node01").answer == {
        "node01": [
            {"path": "boot/vmlinuz-new", "how": "added"},
            {"path": "etc/motd", "how": "changed"},
            {"path": "usr/bin/mine", "how": "added"},
            {"path": "usr/bin/tool", "how": "removed"},
        ]
    }
    everything = ground.call("drift", "--nodes", "node01", "--all").answer["node01"]
    assert {"path": "var/log/syslog", "how": "added"} in everything


def test_a_command_line_that_the_node_has_led_elsewhere(ground: Ground) -> None:
    """Whatever it leads to, all of it was read, into the memory of a head that may be a Pi."""
    ground.publish(ground.made(PRIVATE))
    (words,) = ground.boots(ONE).glob("*/cmdline.txt")
    outside = ground.folder / "outside"
    words.rename(outside)
    words.symlink_to(outside)
    path = str(words.relative_to(ground.boots(ONE).parent))
    assert ground.call("drift").answer == {"node01": [{"path": path, "how": "changed"}], "node02": []}
    (fault,) = ground.call("verify").answer
    assert fault["what"] == "is not the command line that it was made with"


def test_publish_over_a_drifted_root_says_so_and_keeps_it(ground: Ground) -> None:
    ground.publish(ground.made(PRIVATE))
    (ground.boots(ONE).parent / "root/etc/motd").write_text("mine\n")
    following = replace(PRIVATE, version="20260401-eeeeeeee")
    ended = ground.publish(ground.made(following))
    assert ended.warnings == [
        f"node01 has moved from tiny/{PRIVATE.version}: 1 changed (/etc/motd); it starts anew, "
        f"tiny-{PRIVATE.version} is kept for rollback"
    ]
    assert ground.whole(ONE) == following.version
    # What was carried for a boot that had begun is no drift.
    assert ground.call("drift").answer == {"node01": [], "node02": []}
    ground.call("rollback")
    assert (ground.boots(ONE).parent / "root/etc/motd").read_text() == "mine\n"


def test_publish_of_a_shared_root_says_so_too(ground: Ground) -> None:
    ground.publish(ground.made(PRIVATE))
    (ground.boots(ONE).parent / "root/etc/motd").write_text("mine\n")
    shared = Tiny(version="20260401-eeeeeeee", epoch=1775001600)
    (warning,) = ground.publish(ground.made(shared)).warnings
    assert warning.startswith(f"node01 has moved from tiny/{PRIVATE.version}: 1 changed (/etc/motd)")


def test_fresh_starts_a_private_root_anew(ground: Ground) -> None:
    ground.publish(ground.made(PRIVATE))
    (ground.boots(ONE).parent / "root/etc/motd").write_text("mine\n")
    ground.publish(ground.made(PRIVATE), "--fresh", "--nodes", "node01")
    assert ground.boots(ONE).parent.name == f"tiny-{PRIVATE.version}.2"
    assert (ground.boots(ONE).parent / "root/etc/motd").read_text() == "hello\n"
    ground.call("rollback", "--nodes", "node01")
    assert (ground.boots(ONE).parent / "root/etc/motd").read_text() == "mine\n"


def test_gc_says_what_goes_for_good(ground: Ground) -> None:
    ground.publish(ground.made(PRIVATE))
    (ground.boots(ONE).parent / "root/etc/motd").write_text("mine\n")
    for version, epoch in (("20260401-eeeeeeee", 1775001600), ("20260501-ffffffff", 1777593600)):
        ground.publish(ground.made(replace(PRIVATE, version=version, epoch=epoch)))
    dry = ground.call("gc", "--dry-run", "--nfs", "kernel")
    told = f"node01 has changed tiny-{PRIVATE.version}, which goes: 1 changed (/etc/motd)"
    assert dry.warnings == [told]
    assert ground.call("gc", "--nfs", "kernel").warnings == [told]
    assert ground.call("verify").answer == []
