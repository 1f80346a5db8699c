# SPDX-License-Identifier: Apache-2.0
"""The operator's verbs over a real sshd, down to what the nodes boot."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from builder.cli.rollout.conduct import Conduct
from builder.deploy.cluster_lock import cluster_lock
from builder.deploy.holds import who
from builder.deploy.remote import Failed
from builder.deploy.ssh import Address, opened
from builder.rollout.event import WAY, Reached
from builder.rollout.journal import Journal
from builder.rollout.plan import Asked, Plan
from tests.deploy.conftest import Operator, made, trust
from tests.head.ground import make_ground, new_key, node
from tests.head.release import Tiny
from tests.needs import needs_tool

pytestmark = needs_tool("sshd", "ssh-keygen", "dnsmasq", "zstd")

FIRST = Tiny()
SECOND = Tiny(version="20260201-bbbbbbbb", epoch=1769904000)
PRIVATE = Tiny(version="20260301-cccccccc", epoch=1772323200, mode="private")


def test_from_a_key_to_rollback(operator: Operator) -> None:
    made(operator, FIRST)
    refused = operator.ask("publish tiny")
    assert refused.code == 5
    assert "there is no key here to sign it with" in refused.err
    trust(operator)
    first = operator.ask("publish tiny")
    assert (first.code, first.out) == (0, f"node[01-02] boots tiny/{FIRST.version}\n"), first.err
    assert "signed with release-operator" in first.err
    made(operator, SECOND)
    second = operator.ask("publish tiny", "node02", "--json")
    assert second.value["nodes"] == ["node02"]
    ground = operator.ground
    assert [ground.whole(node(number)) for number in (1, 2)] == [FIRST.version, SECOND.version]
    status = operator.ask("status", "--no-nodes").out.splitlines()
    assert status[0].split()[:3] == ["node01", f"tiny/{FIRST.version}", "shared"]
    assert status[1].endswith(f"before: tiny/{FIRST.version}")
    back = operator.ask("rollback node02")
    assert (back.code, back.out) == (0, f"node02 boots tiny/{FIRST.version}\n")
    assert operator.ask("publish tiny", "node02").code == 0
    # Nothing here can switch its power: it is back, and boots that when it boots.
    restart = operator.ask("rollback node02 --restart --force")
    assert restart.code == 1
    assert "nothing in the inventory switches `node02`" in restart.err
    assert ground.whole(node(2)) == FIRST.version
    assert operator.ask("head hosts").out.count("ssh-ed25519") == 2
    assert operator.ask("head verify").out == "everything is what it was published as\n"
    assert operator.ask("doctor").code == 0
    assert operator.ask("gc", "--dry-run").out == "would remove 0\n"
    # What was brought does not stay.
    assert not list(operator.home.rglob("*.squashfs"))


def test_who_is_not_known_well_enough_is_told(operator: Operator) -> None:
    """Who says all means it, and a Zero W is not expected to be among them."""
    trust(operator)
    made(operator, FIRST)
    inventory = operator.root / "cluster.yaml"
    inventory.write_text(f"{inventory.read_text()}  - {{number: 3}}\n")
    warning = "warning: `node03` is left out: its MAC address is not known\n"
    said = operator.ask("publish", "tiny", "@all")
    assert (said.code, said.out) == (0, f"node[01-02] boots tiny/{FIRST.version}\n"), said.err
    assert warning in said.err
    assert warning not in operator.ask("publish", "tiny", "node01").err


def test_only_what_the_head_lacks_is_brought(operator: Operator) -> None:
    trust(operator)
    made(operator, FIRST)
    operator.ask("publish tiny")
    made(operator, SECOND)
    said = operator.call("--progress", "json", "publish", "tiny", "--head", operator.address)
    assert said.code == 0
    assert "base.squashfs" not in said.err
    assert "top.squashfs" in said.err


def test_an_upload_goes_on_where_it_broke_off(operator: Operator, place: Path) -> None:
    trust(operator)
    folder = made(operator, FIRST)
    name = f"tiny-{FIRST.version}.base.squashfs"
    there = operator.home / ".cache/nodebake/tiny" / FIRST.version
    there.mkdir(parents=True)
    (there / f"{name}.part").write_bytes((folder / name).read_bytes()[:100_000])
    before = (there / f"{name}.part").stat().st_ino
    dry = operator.ask("publish tiny", "--dry-run")
    assert dry.code == 0
    assert f"switch node01 from nothing to tiny-{FIRST.version}" in dry.err
    assert not (there / name).exists()
    # Refused when all is there: what was brought stays for the next time.
    operator.ground.layout.signers.rename(place / "signers")
    assert operator.ask("publish tiny").code == 5
    (place / "signers").rename(operator.ground.layout.signers)
    # The same file, gone on with.
    assert (there / name).stat().st_ino == before
    assert (there / name).read_bytes() == (folder / name).read_bytes()
    assert operator.ask("publish tiny").code == 0


def test_what_was_damaged_on_its_way_is_brought_anew(operator: Operator) -> None:
    trust(operator)
    folder = made(operator, FIRST)
    name = f"tiny-{FIRST.version}.base.squashfs"
    there = operator.home / ".cache/nodebake/tiny" / FIRST.version
    there.mkdir(parents=True)
    (there / f"{name}.part").write_bytes(b"x" * 100_000)
    said = operator.ask("publish tiny")
    assert said.code == 1
    assert f"`{name}` is not what the manifest says" in said.err
    assert operator.ask("publish tiny").code == 0
    assert (operator.ground.layout.release("tiny", FIRST.version) / name).read_bytes() == (
        folder / name
    ).read_bytes()


def test_errors_of_the_head_are_ours(operator: Operator) -> None:
    trust(operator)
    made(operator, FIRST)
    operator.ground.layout.signers.unlink()
    said = operator.ask("publish tiny")
    assert said.code == 5
    assert said.err.splitlines()[-3:] == [
        "error: this head trusts no key yet",
        f"  there is no `{operator.ground.layout.signers}`",
        f"hint: put your project's there: install -D -m 644 release_signers {operator.ground.layout.signers}",
    ]
    zero = operator.ask("publish tiny", "17")
    assert (zero.code, "node17: a pizerow has no network boot" in zero.err) == (2, True)
    canary = operator.ask("publish tiny", "node01", "--canary", "node02")
    assert "`--canary node02` is none of the nodes" in canary.err
    nothing = operator.ask("publish other")
    assert (nothing.code, "there is no recipe `other`" in nothing.err) == (2, True)


def test_a_head_whose_key_is_not_known_is_not_spoken_to(operator: Operator, place: Path) -> None:
    (place / "mine/.ssh/known_hosts").write_text("")
    said = operator.ask("status")
    assert said.code == 3
    assert said.err.startswith("error: the host key of ")


def test_a_head_that_does_not_know_us_or_is_not_there(operator: Operator, place: Path) -> None:
    (place / "mine/.ssh/id_ed25519").unlink()
    said = operator.ask("status")
    assert (said.code, "does not let us in" in said.err) == (3, True)
    said = operator.call("status", "--head", "pi@127.0.0.1:1")
    assert (said.code, "pi@127.0.0.1:1 cannot be reached" in said.err) == (3, True)
    assert operator.call("status", "--head", "a b").code == 2


def test_a_head_without_the_program(operator: Operator, place: Path) -> None:
    (place / "bin/nodebake-head").unlink()
    said = operator.ask("status")
    assert (said.code, "has no `nodebake-head`" in said.err) == (3, True)
    (place / "bin/sudo").write_text("#!/bin/sh\necho 'sudo: a password is required' >&2; exit 1\n")
    said = operator.call("doctor", "--head", operator.address.replace("root@", "root@"))
    assert said.code == 3


def test_backup_and_restore_over_the_wire(operator: Operator, place: Path) -> None:
    trust(operator)
    made(operator, FIRST)
    operator.ask("publish tiny")
    saved = place / "saved"
    said = operator.ask("head backup", saved, "--releases")
    assert (said.code, said.out) == (0, f"{saved}\n"), said.err
    assert saved.stat().st_mode & 0o777 == 0o600
    assert operator.ask("head backup", saved).code == 5
    hosts = operator.ask("head hosts").out
    operator.ground.folder.rename(place / "old")
    fresh = make_ground(operator.ground.folder)
    shutil.copy(operator.root / "release_signers", fresh.layout.signers)
    back = operator.ask("head restore", saved)
    assert (back.code, back.out) == (0, "2 nodes have their keys again\n"), back.err
    assert operator.ask("head hosts").out == hosts
    assert fresh.whole(node(1)) == FIRST.version
    (place / "no").write_bytes(b"x" * 2000)
    broken = operator.ask("head restore", place / "no")
    assert (broken.code, "this is no backup of a head" in broken.err) == (1, True)
    assert operator.ask("head restore", place / "none").code == 2


def test_drift_and_adopt(operator: Operator, place: Path) -> None:
    trust(operator)
    made(operator, PRIVATE)
    said = operator.ask("publish tiny")
    assert said.out.startswith(f"node[01-02] boots tiny/{PRIVATE.version}, by "), said.err
    (operator.ground.boots(node(1)).parent / "root/etc/motd").write_text("mine\n")
    assert operator.ask("drift node01").out == "node01  1 differences\n  changed  etc/motd\n"
    root, boot = place / "root", place / "boot"
    Tiny(mode="private").tree(root)
    boot.mkdir()
    for name in ("config.txt", "kernel7.img", "start.elf"):
        (boot / name).write_text("")
    adopted = operator.ask("adopt", "raspbian", "--root", root, "--boot", boot)
    assert adopted.code == 0, adopted.err
    folder = adopted.out.strip()
    published = operator.ask("publish raspbian", "node02", "--release", folder)
    assert published.code == 0, published.err
    status = operator.ask("status", "node02", "--no-nodes", "--json").value
    assert status["nodes"][0]["release"].startswith("raspbian/")


def test_logs_of_one_node(operator: Operator) -> None:
    trust(operator)
    made(operator, FIRST)
    operator.ask("publish tiny")
    nothing = operator.ask("logs node01")
    assert (nothing.code, "there is nothing of node01" in nothing.err) == (1, True)
    assert operator.ask("logs 1-2").code == 2


@pytest.mark.parametrize("verb", ["status", "doctor"])
def test_on_the_head_itself(
    operator: Operator, place: Path, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    trust(operator)
    made(operator, FIRST)
    operator.ask("publish tiny")
    monkeypatch.setattr("builder.host.process.PATH", f"{place}/bin:/usr/bin:/bin")
    said = operator.call(*verb.split(), "--here", *(["--no-nodes"] if verb == "status" else []))
    assert said.code == 0, said.err
    (place / "bin/nodebake-head").unlink()
    (place / "bin/sudo").unlink()
    assert operator.call(*verb.split(), "--here").code == 3


def test_held_nodes_and_the_lock_of_the_cluster(operator: Operator) -> None:
    assert operator.ask("hold").out == "no node is held\n"
    said = operator.ask("hold", "1,17", "--reason", "measures", "--until", "2099-01-01T08:00")
    assert said.code == 0
    assert f"node01  held by {who()}, until 2099-01-01 08:00: measures" in said.out.splitlines()
    assert operator.ask("hold", "--json").value["holds"][1]["node"] == "node17"
    refused = operator.ask("power cycle", "2,17")
    assert (refused.code, refused.out) == (5, ""), refused.err
    assert "error: some of the nodes are held or busy, so none is touched" in refused.err
    assert f"  node17 is held by {who()}, until 2099-01-01 08:00: measures" in refused.err
    user, _, place = operator.address.partition("@")
    host, _, port = place.partition(":")
    address = Address(host, user, int(port))
    with opened(address) as head, cluster_lock(head, "rollout", "alice@desk", sudo=False):
        assert "the cluster is in use: `rollout` of alice@desk" in operator.ask("hold").out
        with (
            opened(address) as other,
            pytest.raises(Failed, match="has to wait: the cluster is in use"),
            cluster_lock(other, "deploy", "bob", sudo=False),
        ):
            pass
    assert "the cluster is in use" not in operator.ask("hold").out
    assert operator.ask("release", "@all").out == "node[01,17]: held no longer\n"
    assert operator.ask("release", "1").out == "none of them was held\n"
    wrong = operator.ask("hold", "1", "--until", "soon")
    assert (wrong.code, "`--until soon` is no date" in wrong.err) == (2, True)


def test_the_inventory_says_how_the_head_is_logged_in_to(operator: Operator) -> None:
    user, _, place = operator.address.partition("@")
    host, _, port = place.partition(":")
    inventory, usual = operator.root / "cluster.yaml", Path.home() / ".ssh/id_ed25519"
    own = operator.root / "keys/operator"
    own.parent.mkdir()
    usual.rename(own)
    known = inventory.read_text().replace("user: pi}", f"outside: {host}, user: {user}}}")
    inventory.write_text(f"{known}ssh: {{port: {port}}}\n")
    barred = operator.call("head", "hosts")
    assert (barred.code, f"{user}@{host}:{port} does not let us in" in barred.err) == (3, True)
    inventory.write_text(f"{known}ssh: {{port: {port}, key: keys/operator}}\n")
    assert operator.call("nodes", "check").code == 0
    let_in = operator.call("hold")
    assert (let_in.code, let_in.out) == (0, "no node is held\n"), let_in.err
    assert operator.ask("hold").code == 0, "also where `--head` says who the head is"
    with agent_of_many_keys(operator.root / "agent"):
        assert operator.call("hold").code == 0, "before a server is tired of an agent's keys"
    # Who is let in by another key needs none of that one.
    own.rename(usual)
    new_key(own)
    assert operator.call("hold").code == 0
    own.unlink()
    own.mkdir()
    assert operator.call("hold").code == 0


def test_what_is_said_to_resume_is_written_down(operator: Operator) -> None:
    trust(operator)
    made(operator, FIRST)
    assert operator.ask("publish tiny", "node01").code == 0
    journal = Journal(operator.root / "rollouts/20260601-120000.jsonl")
    journal.begin(Plan("sdcard/20260601-ffffffff", "flasher/20260501-eeeeeeee", (("node01",),)))
    for words in (["--keep-data"], ["--older"]):
        gone_on = operator.ask("rollout resume", *words)
        assert "sdcard/20260601-ffffffff" in gone_on.err, "the head has no such release to serve"
    assert journal.asked() == Asked(keep_data=True, older=True)


def test_undo_goes_by_what_was_asked_for(operator: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    undone = []

    def take_back(self: Conduct, journal: Journal, nodes: Sequence[str]) -> list[str]:
        undone.append((journal.id, list(nodes), self.wish.asked))
        return []

    monkeypatch.setattr(Conduct, "take_back", take_back)
    trust(operator)
    made(operator, FIRST)
    assert operator.ask("publish tiny", "node01").code == 0
    asked = Asked(keep_data=True, transport="http")
    journal = Journal(operator.root / "rollouts/20260601-120000.jsonl")
    nodes = (("node01", "node02"),)
    journal.begin(Plan("sdcard/20260601-ffffffff", "flasher/20260501-eeeeeeee", nodes, asked=asked))
    for stage in WAY[1:]:
        journal.add(Reached(1780315300, "node01", stage))
    done = operator.ask("rollout undo", "--yes", "--force", "--up-within", "600")
    assert (done.code, done.err.splitlines()[-1:]) == (0, ["node01 runs what it ran before"])
    assert undone == [(journal.id, ["node01"], replace(asked, up_within=600.0))]


@contextmanager
def agent_of_many_keys(folder: Path) -> Iterator[None]:
    """ssh's agent with more keys than a server lets anybody try, while the body runs."""
    folder.mkdir()
    door = folder / "door"
    with subprocess.Popen(["ssh-agent", "-D", "-a", door], stdout=subprocess.DEVNULL) as agent:
        try:
            while not door.exists():
                time.sleep(0.01)
            keys = [folder / str(number) for number in range(7)]
            for key in keys:
                new_key(key)
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("SSH_AUTH_SOCK", str(door))
                subprocess.run(["ssh-add", "-q", *keys], check=True)
                yield
        finally:
            agent.kill()


def test_publishing_brings_the_host_keys(operator: Operator) -> None:
    trust(operator)
    made(operator, FIRST)
    known = operator.root / "known_hosts"
    known.write_text("# by hand\nnode17 ssh-ed25519 AAAA\n")
    assert operator.ask("publish tiny", "--dry-run").code == 0
    assert "node01" not in known.read_text()
    assert operator.ask("publish tiny").code == 0
    assert known.read_text() == "# by hand\nnode17 ssh-ed25519 AAAA\n" + operator.ask("head hosts").out
