# SPDX-License-Identifier: Apache-2.0
"""Nodes that are folders behind real ssh servers: what they boot follows from the head and their cards.

A session sees the node's own /etc/nodebake, command line and boot id, by mounts in a namespace of its own.
Its card is a loop device of a file, for root, and the file itself for who may not make any. What boots is
read off the card as a boot ROM does it, and the real program of images takes over what makes it the node's.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from builder.head.node.inventory import Node
from tests.deploy.conftest import script
from tests.flash.ground import BOOTCODE, blank
from tests.head.ground import Ground
from tests.tools.power.sshd import Keys, free_port, server
from tests.unit.rules.source import ROOT

ENTER = """\
set -e
[ ! -e "$1/booting" ]
before=$(cat "$1/boot_id")
mount -t overlay none -o "lowerdir=$1/etc:/etc" /etc
mount -t overlay none -o "lowerdir=$1/lib:/usr/lib" /usr/lib
mount --bind "$1/cmdline" /proc/cmdline
mount --bind "$1/boot_id" /proc/sys/kernel/random/boot_id
mount -t tmpfs none /run
mount -t tmpfs none "$1/dev"
for each in null zero full random urandom; do
    : >"$1/dev/$each"
    mount --bind "/dev/$each" "$1/dev/$each"
done
mkdir "$1/dev/shm"
mount --bind /dev/shm "$1/dev/shm"
: >"$1/dev/mmcblk0"
mount --bind "$(cat "$1/device")" "$1/dev/mmcblk0"
mount --rbind "$1/dev" /dev
# What it has started anew since is not what this session would see.
[ ! -e "$1/booting" ]
[ "$(cat /proc/sys/kernel/random/boot_id)" = "$before" ]
# As sudo's own.
export NODE="$1" PATH="$1/bin:/usr/sbin:/usr/bin:/sbin:/bin"
exec sh -c "$SSH_ORIGINAL_COMMAND"
"""
_SYSTEMCTL = """\
case "$*" in
    *reboot*) setsid sh -c 'sleep 0.3; exec "$NODE/boot"' >/dev/null 2>&1 </dev/null & ;;
    *is-system-running*) echo running ;;
esac
"""
_DOCKER = """\
case $1 in
    import) cat >/dev/null ;;
    run) if [ -e "$NODE/lame" ]; then echo 'read-only file system' >&2; exit 125; else echo runs; fi ;;
esac
"""
_FINDMNT = 'case "$*" in *MAJ:MIN*) echo 179:2 ;; *) cat "$NODE/root" ;; esac'
_CARD = f"""\
case $1 in earn) name=BOOTCODEBIN ;; hold) name=BOOTCODEHLD ;; esac
printf %s "$name" | dd of=/dev/mmcblk0 bs=1 seek={BOOTCODE} conv=notrunc,fsync status=none
"""
_BOOT = """\
import json, os, shutil, subprocess, uuid
from pathlib import Path
node, link, identity = Path({node!r}), Path({link!r}), Path({identity!r})
with (node / "card.img").open("rb") as card:
    table = card.read(512)
    card.seek(4096)
    label = json.loads(card.read(4096).rstrip(bytes(1)) or b"{{}}")
    card.seek({bootcode})
    name = card.read(11)
(node / "booting").touch()
whole = table[510:] == bytes((0x55, 0xAA)) and label.get("state") == "whole"
card = label["release"] if whole else ""
if card and name == b"BOOTCODEBIN":
    release, words = card, "root=/dev/mmcblk0p2"
else:
    prefix = next(
        line.partition("=")[2]
        for line in (link.resolve() / "config.txt").read_text().splitlines()
        if line.startswith("os_prefix=")
    )
    words = (link.resolve() / prefix / "cmdline.txt").read_text()
    release = dict(word.partition("=")[::2] for word in words.split())["nodebake.release"]
    if "nodebake.trial" in words and card != release:
        raise SystemExit("its card holds something else: it panics")
on_card = release == card
root = node / "root-of-card"
if on_card:
    # What the system on the card does when it starts: it takes over what lies in the slot.
    for folder in ("etc", "run"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    (root / "etc/fstab").touch()
    (root / "etc/machine-id").touch()
    places = {{"NODEBAKE_ROOT": root, "NODEBAKE_SYS": node / "sys", "NODEBAKE_DISK": node / "card.img"}}
    told = {{key: str(value) for key, value in places.items()}}
    path = f"{{node}}/bin:/usr/bin:/bin"
    subprocess.run(["sh", {unpack!r}], env={{"NODE": str(node), "PATH": path, **told}}, check=True)
shutil.rmtree(node / "etc")
shutil.copytree(root / "etc" if on_card else identity / "etc", node / "etc")
(node / "etc/nodebake/release").write_text(release + "\\n")
(node / "cmdline").write_text(words + "\\n")
(node / "root").write_text("/dev/mmcblk0p2" if on_card else "overlay")
shutil.rmtree(node / "lib/nodebake", ignore_errors=True)
(node / "lib/nodebake").mkdir()
if on_card:
    shutil.copy(node / "card-program", node / "lib/nodebake/card")
# A session that began before this goes on seeing the former one.
(node / "boot_id.new").write_text(str(uuid.uuid4()) + "\\n")
(node / "boot_id.new").replace(node / "boot_id")
(node / "booting").unlink()
"""


@dataclass(frozen=True)
class Board:
    """One node: a folder."""

    folder: Path

    @property
    def runs(self) -> str:
        return (self.folder / "etc/nodebake/release").read_text().strip()

    @property
    def by_itself(self) -> bool:
        """Whether it came up from its card alone."""
        return "nodebake" not in (self.folder / "cmdline").read_text()


@contextmanager
def boards(ground: Ground, nodes: tuple[Node, ...], place: Path) -> Iterator[tuple[Keys, int, list[Board]]]:
    """The nodes, up with what the head has for them; the operator's keys, and the port of all."""
    keys, port = Keys(place / "keys"), free_port()
    keys.folder.mkdir(parents=True)
    keys.make("operator")
    found = []
    with ExitStack() as stack:
        for node in nodes:
            board = _board(place / node.name, ground, node, stack)
            identity = ground.layout.identities / node.name / "etc/ssh/ssh_host_ed25519_key"
            for suffix in ("", ".pub"):
                shutil.copy(f"{identity}{suffix}", keys.folder / f"host-{node.address}{suffix}")
            alone = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
            enter = ["unshare", *alone, "--mount", "sh", str(place / node.name / "enter"), str(board.folder)]
            stack.enter_context(server(keys, node.address, port, f"ForceCommand exec {shlex.join(enter)}"))
            found.append(board)
        yield keys, port, found


def _board(folder: Path, ground: Ground, node: Node, stack: ExitStack) -> Board:
    places = {
        "node": str(folder),
        "link": str(ground.layout.switch(node.mac)),
        "identity": str(ground.layout.identities / node.name),
        "unpack": str(ROOT / "overlays/card-identity/usr/lib/nodebake/identity"),
    }
    furnish(folder, ENTER, _BOOT.format(bootcode=BOOTCODE, **places), _FINDMNT)
    card = blank(folder / "card.img", 12 << 20)
    (folder / "device").write_text(str(stack.enter_context(device(card))))
    script(folder / "card-program", _CARD)
    subprocess.run([folder / "boot"], check=True)
    return Board(folder)


def furnish(folder: Path, enter: str, boot: str, findmnt: str) -> None:
    """What a node that is a folder has: how it is entered, how it boots (Python), programs that stand in."""
    for name in ("etc/nodebake", "lib/nodebake", "bin", "dev", "sys/dev/block/179:2"):
        (folder / name).mkdir(parents=True)
    (folder / "sys/dev/block/179:2/partition").touch()
    (folder / "enter").write_text(enter)
    (folder / "boot.py").write_text(boot)
    argv = shlex.join([sys.executable, "-I", str(folder / "boot.py")])
    script(folder / "boot", f"exec {argv} 2>>{shlex.quote(str(folder / 'boot.log'))}")
    script(folder / "bin/sudo", '[ "$1" = -n ] && shift\nexec "$@"')
    script(folder / "bin/systemctl", _SYSTEMCTL)
    script(folder / "bin/docker", _DOCKER)
    script(folder / "bin/findmnt", findmnt)


@contextmanager
def device(card: Path, *places: str) -> Iterator[Path]:
    """A card as the node sees it, or the part of it that losetup's words `places` say.

    The kernel lets a loop device go with us, however we end. Who may make none gets the card itself.
    """
    if os.geteuid() != 0 or not Path("/dev/loop-control").exists():
        yield card
        return
    argv = ["losetup", "--find", "--show", *places, str(card)]
    made = Path(subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip())
    with made.open("rb"):
        # In use, it is only marked: it goes when the last one closes it.
        subprocess.run(["losetup", "--detach", made], check=True)
        yield made
