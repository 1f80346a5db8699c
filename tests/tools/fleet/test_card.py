# SPDX-License-Identifier: Apache-2.0
"""The script that looks at and prepares cards, on loop devices, with mounts in a namespace."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from builder.fleet.card import LABEL, SlotCard, read, words
from builder.fleet.order import Outcome
from tests.needs import PATH, needs_tool
from tests.tools.fleet.conftest import Site
from tests.unit.rules.source import ROOT

TOOLS = (
    "losetup",
    "sfdisk",
    "wipefs",
    "mkfs.ext4",
    "mkfs.vfat",
    "lsblk",
    "blkid",
    "findmnt",
    "mcopy",
    "mren",
)
needs_disks = pytest.mark.skipif(os.geteuid() != 0, reason="only root makes loop devices")
pytestmark = [pytest.mark.tools, needs_disks, needs_tool(*TOOLS, "mcopy", "mren")]
SCRIPT = ROOT / "builder/fleet/node/card.sh"
SIZE = 64 << 20
LIMIT = "60"
"""Seconds for making a file system."""


@contextmanager
def disk(folder: Path, *, read_only: bool = False, size: int = SIZE) -> Iterator[str]:
    """A loop device, which is a card here."""
    image = folder / "card.img"
    if not image.exists():
        with image.open("wb") as file:
            file.truncate(size)
    words = ["losetup", "--find", "--show", "--partscan", *(["--read-only"] if read_only else []), str(image)]
    device = subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()
    try:
        yield device
    finally:
        subprocess.run(["losetup", "--detach", device], check=True)


def card(device: str, *words: str, before: str = "") -> Outcome:
    """The script in a mount namespace of its own, where `before` has been done."""
    inner = f"{before}\nexec sh {SCRIPT} '' {device} {' '.join(words)}"
    done = subprocess.run(
        ["timeout", "60", "unshare", "--mount", "sh", "-ec", inner],
        capture_output=True, text=True, check=False, env={"PATH": PATH, "LC_ALL": "C"},
    )  # fmt: skip
    return Outcome("node01", done.returncode, done.stdout, done.stderr)


def status(device: str) -> SlotCard:
    found = read(card(device, "status"))
    assert found is not None
    return found


def run(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True, env={"PATH": PATH})


def make_raspbian(device: str, folder: Path) -> None:
    """A card as an image leaves it: FAT with a bootcode.bin, and ext4."""
    table = "start=1MiB, size=20MiB, type=c\nstart=24MiB, type=83\n"
    subprocess.run(["sfdisk", "--quiet", device], input=table, text=True, check=True, capture_output=True)
    # Not every kernel knows this kind of table by itself.
    run("partx", "--update", device)
    run("mkfs.vfat", "-n", "BOOTFS", f"{device}p1")
    run("mkfs.ext4", "-q", "-L", "rootfs", f"{device}p2")
    (folder / "bootcode.bin").write_bytes(bytes(3000))
    run("mcopy", "-i", f"{device}p1", str(folder / "bootcode.bin"), "::")
    (folder / "at").mkdir()


def test_an_empty_card_is_prepared_once(tmp_path: Path) -> None:
    with disk(tmp_path) as device:
        before = status(device)
        assert (before.size, before.empty, before.docker, before.parts) == (SIZE, True, "", ())
        assert list(words(before)) == ["67.1 MB", "empty"]
        done = card(device, "prepare", LIMIT)
        assert (done.exit, done.stdout) == (0, f"docker={device}p1\n"), done.stderr
        after = status(device)
        assert (after.empty, after.bootable, after.docker) == (False, False, f"{device}p1")
        assert after.parts == (f"{Path(device).name}p1 ext4 {LABEL}",)
        # It is found by its label, and sound, and begins where the card's blocks do.
        run("e2fsck", "-fn", f"{device}p1")
        table = json.loads(subprocess.check_output(["sfdisk", "--json", device]))["partitiontable"]
        assert table["partitions"][0]["start"] == (4 << 20) // 512
        serial = subprocess.check_output(["blkid", "-p", "-s", "UUID", "-o", "value", f"{device}p1"])
        assert card(device, "prepare", LIMIT).stdout == f"docker={device}p1\n"
        assert subprocess.check_output(["blkid", "-p", "-s", "UUID", "-o", "value", f"{device}p1"]) == serial


def test_a_card_that_is_not_empty_wants_to_be_told(tmp_path: Path) -> None:
    with disk(tmp_path) as device:
        make_raspbian(device, tmp_path)
        found = status(device)
        assert found.bootable
        assert "the node boots from it, and not over the network" in list(words(found))
        assert [part.split()[1:] for part in found.parts] == [["vfat", "BOOTFS"], ["ext4", "rootfs"]]
        refused = card(device, "prepare", LIMIT)
        assert (refused.exit, refused.stderr) == (1, "the card is not empty: vfat ext4\n")
        assert status(device) == found
        run("mren", "-i", f"{device}p1", "::bootcode.bin", "::bootcode.hold")
        assert not status(device).bootable
        done = card(device, "prepare", LIMIT, "format")
        assert done.exit == 0, done.stderr
        assert (status(device).bootable, status(device).docker) == (False, f"{device}p1")


def test_what_was_on_a_card_is_not_discarded(tmp_path: Path) -> None:
    """Some take minutes for that; a loop device frees the file's blocks, seven of eight."""
    image = tmp_path / "card.img"
    image.write_bytes(b"somebody's" * (SIZE // 10))
    with disk(tmp_path) as device:
        before = image.stat().st_blocks
        assert card(device, "prepare", LIMIT, "format").exit == 0
        run("e2fsck", "-fn", f"{device}p1")
    assert image.stat().st_blocks > before // 2


def test_a_card_that_is_too_slow(tmp_path: Path) -> None:
    (tmp_path / "mkfs.ext4").write_text("#!/bin/sh\nexec sleep 60\n")
    (tmp_path / "mkfs.ext4").chmod(0o755)
    with disk(tmp_path) as device:
        done = card(device, "prepare", "1", before=f"PATH={tmp_path}:$PATH")
        assert (done.exit, done.stderr) == (1, "the card is too slow: formatting it was not done after 1 s\n")
        run("partx", "--delete", device)


def test_bytes_without_a_file_system_are_content(tmp_path: Path) -> None:
    (tmp_path / "card.img").write_bytes(b"\0" * 700_000 + b"somebody's" + b"\0" * SIZE)
    with disk(tmp_path) as device:
        refused = card(device, "prepare", LIMIT)
        assert refused.stderr == "the card is not empty: something without a file system\n"
        assert list(words(status(device)))[-1] == "unknown content"


def test_a_card_in_use_is_never_touched(tmp_path: Path) -> None:
    with disk(tmp_path) as device:
        make_raspbian(device, tmp_path)
        digest = _digest(tmp_path)
        at = tmp_path / "at"
        refused = card(device, "prepare", LIMIT, "format", before=f"mount -o ro {device}p2 {at}")
        assert (refused.exit, refused.stderr) == (1, f"the card is in use: {at}\n")
        assert _digest(tmp_path) == digest


def test_the_root_is_never_touched(tmp_path: Path) -> None:
    with disk(tmp_path) as device:
        make_raspbian(device, tmp_path)
        # The kernel was told so, and the root in sight may be an overlay of it.
        words = tmp_path / "root/proc/cmdline"
        words.parent.mkdir(parents=True)
        words.write_text(f"console=tty1 root={device}p2 rootwait\n")
        done = subprocess.run(
            ["sh", SCRIPT, tmp_path / "root", device, "prepare", LIMIT, "format"],
            capture_output=True, text=True, check=False, env={"PATH": PATH},
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (1, "the node's root is on the card\n")


def test_a_card_that_can_only_be_read(tmp_path: Path) -> None:
    with disk(tmp_path, read_only=True) as device:
        assert status(device).read_only
        assert card(device, "prepare", LIMIT, "format").stderr == "the card can only be read\n"


def test_without_a_card(tmp_path: Path) -> None:
    done = subprocess.run(["sh", SCRIPT, tmp_path, "", "status"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (1, "there is no card in it\n")


def test_over_ssh(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All nodes are this machine: the script is told which disk is the card."""
    assert shutil.which("sfdisk", path=PATH)
    with disk(tmp_path) as device:
        text = SCRIPT.read_text().replace("device=$2", f"device={device}")
        for verb in ("status", "prepare"):
            monkeypatch.setattr(f"builder.cli.card.{verb}.script", lambda _: text)
        said = site.call("card", "status", "1")
        assert (said.code, said.out) == (0, "node01  67.1 MB, empty\n"), said.err
        said = site.call("card", "prepare", "1,13")
        assert (said.code, said.out) == (1, "node01: the card is ready for docker's data\n")
        assert said.err.splitlines()[1] == "  node13: no ssh: connection refused"
        assert (
            json.loads(site.call("card", "status", "1", "--json").out)[0]["card"]["docker"] == f"{device}p1"
        )
        run("wipefs", "--all", f"{device}p1", device)
        run("dd", "if=/dev/urandom", f"of={device}", "bs=1M", "count=1", "conv=fsync")
        said = site.call("card", "prepare", "1")
        assert said.err.splitlines()[1] == (
            "  node01: exit code 1: the card is not empty: something without a file system"
        )


def _digest(folder: Path) -> bytes:
    return subprocess.check_output(["sha256sum", folder / "card.img"])
