# SPDX-License-Identifier: Apache-2.0
"""Our fragment beside the configuration of the head's own image: the real dnsmasq takes both."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.head.ground import Ground
from tests.head.release import Tiny
from tests.needs import needs_tool
from tests.unit.rules.source import ROOT

pytestmark = needs_tool("ssh-keygen", "dnsmasq")
VALUES = {"lan": "10.42.0.0", "head_address": "10.42.0.250", "cluster_interface": "eth0"}


def images_own(pxe: Path) -> str:
    """10-nodebake-head.conf as the image has it."""
    text = (ROOT / "overlays/head-netboot/etc/dnsmasq.d/10-nodebake-head.conf").read_text()
    text = re.sub(r"\{\{\s*(\w+)[^}]*\}\}", lambda found: VALUES[found[1]], text)
    return text.replace("/pxe/boot", str(pxe / "boot"))


def test_dnsmasq_takes_both(ground: Ground) -> None:
    folder = ground.layout.etc / "dnsmasq.d"
    folder.mkdir()
    (folder / "10-nodebake-head.conf").write_text(images_own(ground.layout.pxe))
    ground.publish(ground.made(Tiny()))
    ours = (folder / "nodebake.conf").read_text()
    assert ours.count("dhcp-host=") == 2
    assert "tftp" not in ours
    test = ["dnsmasq", "--test", "--conf-file=/dev/null", f"--conf-dir={folder}"]
    done = subprocess.run(
        test, capture_output=True, text=True, check=False, env={"PATH": "/usr/sbin:/usr/bin"}
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("line", ["tftp-root=/srv/tftp", "tftp-unique-root=ip"])
def test_what_hides_the_nodes_directories_is_refused(ground: Ground, line: str) -> None:
    (ground.layout.etc / "dnsmasq.conf").write_text(f"{line}\n")
    ended = ground.call("publish", ground.made(Tiny()), "--inventory", ground.nodes, "--nfs", "kernel")
    assert (ended.code, ended.error["message"]) == (
        5, "dnsmasq's own configuration hides the nodes' directories",
    )  # fmt: skip
    assert not ground.layout.releases.exists()
