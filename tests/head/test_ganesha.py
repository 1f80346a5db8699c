# SPDX-License-Identifier: Apache-2.0
"""The real NFS server in user space takes the exports as they are rendered, all of them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from builder.head.node import instance, inventory
from builder.head.served import exports
from tests.head.ground import Ground
from tests.head.release import Tiny
from tests.needs import needs_tool

PRIVATE = Tiny(version="20260301-cccccccc", epoch=1772323200, mode="private")
LOOP = Tiny(version="20260101-aaaaaaaa", writable="loop")
# rpcbind becomes a user of its own, which an ordinary user's namespace has by his subordinate ids.
IDS = [] if os.geteuid() == 0 else ["--user", "--map-root-user", "--map-auto"]
# A network and mounts of its own: rpcbind and ganesha want ports and places of the whole machine.
SCRIPT = """
set -eu
ip link set lo up
for number in 1 2 3; do ip address add "10.42.0.$number/32" dev lo; done
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /var/lib/nfs
mkdir -p /run/rpcbind /run/ganesha /var/lib/nfs/ganesha
rpcbind -w -r || rpcbind -r
ganesha.nfsd -F -f "$1/ganesha.conf" -L "$1/ganesha.log" -p /run/ganesha.pid >"$1/ganesha.out" 2>&1 &
server=$!
trap 'kill $server; wait $server || :' EXIT
for _ in $(seq 100); do
    if showmount --no-headers --exports 10.42.0.1 2>/dev/null | grep -q .; then break; fi
    sleep 0.2
done
# To an address of one's own one speaks from that address: so each node asks for itself.
for number in 1 2 3; do
    showmount --no-headers --exports "10.42.0.$number" | sed "s/^/$number /"
done
"""


@needs_tool("ganesha.nfsd", "rpcbind", "showmount", "unshare", "ip")
def test_each_node_is_exported_what_is_its_own(ground: Ground, place: Path) -> None:
    ground.publish(ground.made(LOOP))
    ended = ground.call("publish", ground.made(PRIVATE), "--nodes", "node02", "--nfs", "ganesha")
    assert ended.code == 0
    fragment = exports.place(ground.layout, "ganesha")
    (place / "ganesha.conf").write_text(
        "NFS_CORE_PARAM { Protocols = 3; MNT_Port = 20048; NLM_Port = 20049; Rquota_Port = 20050; }\n"
        "NFSv4 { Graceless = true; }\n"
        f'%include "{fragment}"\n'
    )
    done = subprocess.run(
        ["unshare", *IDS, "--net", "--mount", "--pid", "--fork", "--kill-child"]
        + ["sh", "-c", SCRIPT, "sh", str(place)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
    )
    log = (place / "ganesha.log").read_text() if (place / "ganesha.log").exists() else "no log"
    assert done.returncode == 0, done.stderr + log
    rows = exports.table(ground.layout, inventory.load(ground.layout), instance.everywhere(ground.layout))
    told = [line.split() for line in done.stdout.splitlines()]
    for number in (1, 2, 3):
        mine = {row.path for row in rows if {f"10.42.0.{number}", "10.42.0.0/24"} & set(row.clients)}
        assert {path for asked, path, _ in told if asked == str(number)} == mine, log
    root = ground.layout.instance("node02", f"tiny-{PRIVATE.version}") / "root"
    assert [asked for asked, path, _ in told if path == str(root)] == ["2"]
