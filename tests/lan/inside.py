# SPDX-License-Identifier: Apache-2.0
"""Runs in fresh user, network and pid namespaces: makes the wire, and starts dnsmasq and the boards on it.

Arguments: the folder with `hosts`, `tftp/` and the log that is written, and options for dnsmasq. Lines on
stdin go to the boards; it ends with them.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.lan.boards import WIRE, ip

HEAD = "head0"
ADDRESS = "10.42.0.250"
_PATIENCE = 20  # seconds


def main() -> None:
    folder, options = Path(sys.argv[1]), sys.argv[2:]
    ip("link", "add", HEAD, "type", "veth", "peer", "name", WIRE)
    ip("address", "add", f"{ADDRESS}/24", "dev", HEAD)
    ip("link", "set", HEAD, "up")
    with subprocess.Popen(["unshare", "--net", sys.executable, "-m", "tests.lan.boards"]) as boards:
        own, theirs = (Path(f"/proc/{who}/ns/net") for who in ("self", boards.pid))
        wait(lambda: theirs.readlink() != own.readlink())
        ip("link", "set", WIRE, "netns", str(boards.pid))
        with subprocess.Popen(
            dnsmasq(folder, options), stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as server:
            log = folder / "log"
            wait(lambda: log.exists() and "TFTP root is" in log.read_text())
            print("ready", flush=True)
            boards.wait()
            server.terminate()


def dnsmasq(folder: Path, options: list[str]) -> list[str]:
    """As on the head: fixed addresses only, and files by TFTP."""
    return [
        "dnsmasq",
        # Without `-d` it would change to a group that this namespace does not have.
        "-d",
        "--conf-file=/dev/null",
        "--port=0",
        f"--interface={HEAD}",
        "--bind-interfaces",
        "--dhcp-range=10.42.0.0,static",
        f"--dhcp-hostsfile={folder / 'hosts'}",
        f"--dhcp-leasefile={folder / 'leases'}",
        "--pxe-service=0,Raspberry Pi Boot   ",
        "--enable-tftp",
        f"--tftp-root={folder / 'tftp'}",
        f"--log-facility={folder / 'log'}",
        *options,
    ]


def wait(done: Callable[[], bool]) -> None:
    """Until that is so."""
    until = time.monotonic() + _PATIENCE
    while not done():
        if time.monotonic() > until:
            raise SystemExit("the LAN does not come up")
        time.sleep(0.02)


if __name__ == "__main__":
    main()
