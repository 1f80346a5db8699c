# SPDX-License-Identifier: Apache-2.0
"""The head's image: what it serves, checked by the programs that read it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from builder.boot.machine import MAC
from tests.build.conftest import Apart, say, tree_program
from tests.needs import needs_tool

pytestmark = [pytest.mark.build, needs_tool("sfdisk", "debugfs", "unshare", "nft")]

CLIENT = "home/pi/client"


def test_dnsmasq_takes_its_configuration(head: Apart, tmp_path: Path) -> None:
    folder = head.root / "etc/dnsmasq.d"
    # A hosts file is only read when dnsmasq runs: its lines are tried as what they stand for.
    hosts = (head.root / "etc/nodebake/dhcp-hosts").read_text().splitlines()
    lines = [line for line in hosts if line and not line.startswith("#")]
    assert lines == [f"{MAC},set:pi3b,node07,10.42.0.7,infinite"]
    tried = tmp_path / "tried.conf"
    tried.write_text("".join(f"dhcp-host={line}\n" for line in lines))
    words = ("--test", "--conf-file=/dev/null", f"--conf-dir={folder}", f"--conf-file={tried}")
    assert "syntax check OK" in tree_program(head, "usr/sbin/dnsmasq", *words)
    tried.write_text("dhcp-host=nonsense,10.42.0.300,,\n")
    assert "syntax check OK" not in tree_program(head, "usr/sbin/dnsmasq", *words, codes=(1,))


def test_the_boot_rom_gets_its_string(head: Apart) -> None:
    lines = (head.root / "etc/dnsmasq.d/10-nodebake-head.conf").read_text().splitlines()
    assert 'pxe-service=0,"Raspberry Pi Boot   "' in lines
    most = next(line for line in lines if line.startswith("tftp-max="))
    assert int(most.partition("=")[2]) > 60
    assert (head.root / "pxe/boot").is_dir()


def test_nft_takes_the_firewall(head: Apart, tmp_path: Path) -> None:
    # In a network of its own, because checking asks the kernel.
    check = ["unshare", "--user", "--map-root-user", "--net", "nft", "--check", "--file"]
    rules = head.root / "etc/nftables.conf"
    assert say([*check, rules]) == ""
    wrong = tmp_path / "wrong.conf"
    wrong.write_text(rules.read_text().replace("policy drop", "policy perhaps"))
    assert "perhaps" in say([*check, wrong], codes=(1,))


def test_chronyd_takes_its_configuration(head: Apart, tmp_path: Path) -> None:
    def printed(config: Path) -> str:
        return tree_program(head, "usr/sbin/chronyd", "-U", "-p", "-f", str(config), codes=(0, 1))

    said = printed(head.root / "etc/chrony/chrony.conf").splitlines()
    assert {"allow 10.42.0.0/24", "local stratum 10", "makestep 1 3"} <= set(said)
    assert [line for line in said if line.startswith("pool ")]
    (tmp_path / "wrong.conf").write_text("allow everybody everywhere\n")
    assert "Could not parse" in printed(tmp_path / "wrong.conf")
    assert not (head.root / "usr/lib/systemd/system/systemd-timesyncd.service").exists()


def test_nothing_is_exported_before_something_is_published(head: Apart) -> None:
    files = [head.root / "etc/exports", *(head.root / "etc").glob("exports.d/*")]
    assert not [line for file in files for line in file.read_text().splitlines() if line and line[0] != "#"]
    assert (head.root / "pxe/nodes").is_dir()


def test_it_can_be_published_to(head: Apart) -> None:
    """It trusts the project's key, and runs what the package holds."""
    signers = (head.root / "etc/nodebake/allowed_signers").read_text()
    assert "ssh-ed25519" in signers
    # Of the tree's own Python it takes no more than this.
    told = tree_program(head, "usr/bin/python3", "-I", str(head.root / "usr/bin/nodebake-head"), "--help")
    assert "publish" in told
    sockets = head.root / "etc/systemd/system/sockets.target.wants"
    assert (sockets / "systemd-journal-remote.socket").is_symlink()
    assert (head.root / "etc/sudoers.d/nodebake-head").stat().st_mode & 0o777 == 0o440


def test_units_are_valid(head: Apart) -> None:
    words = ("verify", f"--root={head.root}", "multi-user.target", "timers.target")
    said = tree_program(head, "usr/bin/systemd-analyze", *words)
    ours = re.compile(r"nodebake|maker-|registry|dnsmasq|nft|chrony")
    assert [line for line in said.splitlines() if ours.search(line)] == []
    wanted = {path.name for path in (head.root / "etc/systemd/system/multi-user.target.wants").iterdir()}
    makers = {"maker-control-plane.service", "maker-self-test.service", "maker-power-on.service"}
    assert makers | {"dnsmasq.service", "nfs-server.service", "chrony.service"} <= wanted
    assert "docker-registry.service" in wanted
    # The firewall comes up before the network does.
    assert (head.root / "etc/systemd/system/sysinit.target.wants/nftables.service").is_symlink()


def test_the_makers_programs_are_pis(head: Apart) -> None:
    said = say(["debugfs", "-R", f"stat /{CLIENT}/power.py", head.filesystem])
    found = re.search(r"User:\s+(\d+)\s+Group:\s+(\d+)", said)
    assert found
    users = (head.root / "etc/passwd").read_text()
    assert f"\npi:x:{found[1]}:{found[2]}:" in users
    assert (head.root / CLIENT / "power.py").stat().st_mode & 0o777 == 0o755


def test_the_trees_own_python_runs_them(head: Apart) -> None:
    program = str(head.root / CLIENT / "power.py")
    said = tree_program(head, "usr/bin/python3", program, "--url", "ws://127.0.0.1:1", "7", "on", codes=(3,))
    assert said.startswith("error: ")


def test_the_image_cache_is_bounded_and_on_the_cluster_side(head: Apart) -> None:
    config = (head.root / "etc/docker/registry/config.yml").read_text()
    assert "addr: 10.42.0.250:5000\n" in config
    unit = (head.root / "usr/lib/systemd/system/nodebake-registry-room.service").read_text()
    assert "registry-room make 4G\n" in unit
