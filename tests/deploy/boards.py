# SPDX-License-Identifier: Apache-2.0
"""Nodes that are folders behind real ssh servers: what they boot follows from the head and their cards.

A session sees the node's own /etc/nodebake, command line and boot id, by mounts in a namespace of its own.
What flashes is a stand-in that speaks as the real one does: it fetches what it is told to over HTTP.
"""

from __future__ import annotations

import io
import os
import shlex
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from builder.head.inventory import Node
from tests.deploy.conftest import script
from tests.head.ground import Ground
from tests.tools.power.sshd import Keys, free_port, server

_ENTER = """\
set -e
mount -t overlay none -o "lowerdir=$1/etc:/etc" /etc
mount -t overlay none -o "lowerdir=$1/lib:/usr/lib" /usr/lib
mount --bind "$1/cmdline" /proc/cmdline
mount --bind "$1/boot_id" /proc/sys/kernel/random/boot_id
export NODE="$1" PATH="$1/bin:/usr/bin:/bin"
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
_CARD = 'case $1 in earn) touch "$NODE/own" ;; hold) rm -f "$NODE/own" ;; esac'
_BOOT = """\
import os, shutil, uuid
from pathlib import Path
node, link = Path({node!r}), Path({link!r})
card = (node / "card").read_text() if (node / "card").exists() else ""
if (node / "own").exists():
    release, words = card, "root=/dev/mmcblk0p2"
else:
    words = next((link.resolve()).glob("*/cmdline.txt")).read_text()
    for each in (link.resolve()).glob("*/cmdline.txt"):
        if f"os_prefix={{each.parent.name}}/" in (link.resolve() / "config.txt").read_text():
            words = each.read_text()
    release = dict(word.partition("=")[::2] for word in words.split())["nodebake.release"]
    if "nodebake.trial" in words and card != release:
        raise SystemExit("its card holds something else: it panics")
on_card = release == card
(node / "etc/nodebake/release").write_text(release + "\\n")
(node / "cmdline").write_text(words + "\\n")
(node / "root").write_text("/dev/mmcblk0p2" if on_card else "overlay")
shutil.rmtree(node / "lib/nodebake", ignore_errors=True)
(node / "lib/nodebake").mkdir()
if on_card:
    shutil.copy(node / "card-program", node / "lib/nodebake/card")
(node / "boot_id").write_text(str(uuid.uuid4()) + "\\n")
"""
_AGENT = """\
import json, os, sys, urllib.request
from pathlib import Path
order = json.loads(Path(sys.argv[1]).read_text())
node = Path(os.environ["NODE"])
(node / "own").unlink(missing_ok=True)
(node / "card").unlink(missing_ok=True)
fetch = lambda name: urllib.request.urlopen(order["source"] + name, timeout=10).read()
name = next(a["name"] for a in json.loads(fetch("manifest.json"))["artifacts"] if a["kind"] == "image")
(node / "card.img").write_bytes(fetch(name))
(node / "card").write_text(order["release"])
print(json.dumps({"event": "receipt", "format": 1, "outcome": "written", "node": order["node"]}))
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


def agent() -> bytes:
    """The stand-in, packed as the real one is."""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        archive.writestr("__main__.py", _AGENT)
    return sink.getvalue()


@contextmanager
def boards(ground: Ground, nodes: tuple[Node, ...], place: Path) -> Iterator[tuple[Keys, int, list[Board]]]:
    """The nodes, up with what the head has for them; the operator's keys, and the port of all."""
    keys, port = Keys(place / "keys"), free_port()
    keys.folder.mkdir(parents=True)
    keys.make("operator")
    found = []
    with ExitStack() as stack:
        for node in nodes:
            board = _board(place / node.name, ground.layout.switch(node.mac))
            identity = ground.layout.identities / node.name / "etc/ssh/ssh_host_ed25519_key"
            for suffix in ("", ".pub"):
                shutil.copy(f"{identity}{suffix}", keys.folder / f"host-{node.address}{suffix}")
            alone = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
            enter = ["unshare", *alone, "--mount", "sh", str(place / node.name / "enter"), str(board.folder)]
            stack.enter_context(server(keys, node.address, port, f"ForceCommand exec {shlex.join(enter)}"))
            found.append(board)
        yield keys, port, found


def _board(folder: Path, link: Path) -> Board:
    for name in ("etc/nodebake", "lib/nodebake", "bin"):
        (folder / name).mkdir(parents=True)
    (folder / "enter").write_text(_ENTER)
    (folder / "boot.py").write_text(_BOOT.format(node=str(folder), link=str(link)))
    script(folder / "boot", f"exec {shlex.quote(sys.executable)} -I {shlex.quote(str(folder / 'boot.py'))}")
    script(folder / "card-program", _CARD)
    script(folder / "bin/sudo", '[ "$1" = -n ] && shift\nexec "$@"')
    script(folder / "bin/systemctl", _SYSTEMCTL)
    script(folder / "bin/docker", _DOCKER)
    script(folder / "bin/findmnt", 'cat "$NODE/root"')
    subprocess.run([folder / "boot"], check=True)
    return Board(folder)
