# SPDX-License-Identifier: Apache-2.0
"""A rival DHCP server, a real dnsmasq on a wire of the test's own, is found."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.needs import needs_tool
from tests.unit.rules.source import ROOT

# Two machines and a wire: this one is the head, the other has dnsmasq.
SCRIPT = """
set -eu
mount -t tmpfs tmpfs /run
mkdir /run/netns
ip netns add other
ip link add wire type veth peer name far netns other
ip address add 10.42.0.250/24 dev wire
ip link set wire up
ip netns exec other ip address add "$1/24" dev far
ip netns exec other ip link set far up
ip netns exec other dnsmasq --conf-file=/dev/null --port=0 --no-ping --interface=far --keep-in-foreground \
    --dhcp-leasefile=/run/leases --pid-file= \\
    --dhcp-range=10.42.0.100,10.42.0.110,1h --log-facility=- 2>/dev/null &
for _ in $(seq 10); do
    found=$("$2" -c 'from builder.head.upkeep import rival; print(*rival.servers("10.42.0.250"))')
    [ -z "$found" ] || break
done
echo "$found"
"""


@needs_tool("dnsmasq", "unshare", "ip")
def test_another_server_is_found() -> None:
    ids = [] if os.geteuid() == 0 else ["--user", "--map-root-user", "--map-auto"]
    done = subprocess.run(
        ["unshare", *ids, "--net", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", SCRIPT, "sh"]
        + ["10.42.0.99", sys.executable],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
    )
    assert done.stdout == "10.42.0.99\n", done.stderr
