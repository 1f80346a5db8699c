# SPDX-License-Identifier: Apache-2.0
"""Nodes take their names from their MAC addresses."""

from __future__ import annotations

import pytest

from tests.unit.overlays.machine import Machine

SCRIPT = "node-name/node-name"
TABLE = (
    "# which node\n7 b8:27:eb:00:00:07\n35 b8:27:eb:00:00:35\n08 B8:27:EB:00:00:08\n100 b8:27:eb:00:01:00\n"
    "9 b8:27:eb:00:00:09 spare-9\n10 b8:27:eb:00:00:10 # no name\n"
)


@pytest.fixture
def node(machine: Machine) -> Machine:
    """A machine with the table and the kernel's place for the name."""
    machine.write("etc/nodebake/nodes", TABLE)
    machine.write("proc/sys/kernel/hostname", "localhost\n")
    return machine


def name(node: Machine) -> str:
    done = node.run(SCRIPT)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    kernel = node.read("proc/sys/kernel/hostname")
    assert node.read("etc/hostname") == kernel
    return kernel.strip()


@pytest.mark.parametrize(
    ("mac", "expected"),
    [
        ("b8:27:eb:00:00:35", "node35"),
        ("B8:27:EB:00:00:35", "node35"),
        ("b8:27:eb:00:00:07", "node07"),
        ("b8:27:eb:00:00:08", "node08"),  # 08 in the table is no octal number
        ("b8:27:eb:00:01:00", "node100"),
        ("b8:27:eb:00:00:09", "spare-9"),
        ("b8:27:eb:00:00:10", "node10"),
        ("b8:27:eb:ab:cd:ef", "node-abcdef"),
    ],
)
def test_name_by_table_or_address(node: Machine, mac: str, expected: str) -> None:
    node.interface("eth0", mac)
    assert name(node) == expected


def test_whom_the_table_does_not_know_is_whom_its_card_was_written_for(node: Machine) -> None:
    node.interface("eth0", "b8:27:eb:ab:cd:ef")
    node.write("etc/nodebake/node", '{"address": "10.42.0.17", "format": 1, "name": "node17"}\n')
    assert name(node) == "node17"


def test_the_table_knows_better_than_the_card(node: Machine) -> None:
    node.interface("eth0", "b8:27:eb:00:00:35")
    node.write("etc/nodebake/node", '{"name": "node17"}\n')
    assert name(node) == "node35"


def test_any_real_interface_counts(node: Machine) -> None:
    node.interface("docker0", "b8:27:eb:00:00:07", real=False)
    node.interface("eth0", "52:54:00:00:00:01")
    node.interface("lo", "00:00:00:00:00:00")
    node.interface("wlan0", "b8:27:eb:00:00:35")
    assert name(node) == "node35"


def test_the_device_tree_knows_before_the_network_chip_appears(node: Machine) -> None:
    node.write("sys/firmware/devicetree/base/aliases/ethernet0", b"/soc/usb@7e980000/ethernet@1\0")
    node.write(
        "sys/firmware/devicetree/base/soc/usb@7e980000/ethernet@1/local-mac-address",
        bytes.fromhex("b827eb000035"),
    )
    assert name(node) == "node35"


def test_an_alias_without_an_address_is_no_fault(node: Machine) -> None:
    node.write("sys/firmware/devicetree/base/aliases/ethernet0", b"/soc/ethernet@1\0")
    node.interface("eth0", "b8:27:eb:00:00:07")
    assert name(node) == "node07"


def test_without_a_table(node: Machine) -> None:
    (node.root / "etc/nodebake/nodes").unlink()
    node.interface("eth0", "b8:27:eb:00:00:07")
    assert name(node) == "node-000007"


def test_first_interface_names_an_unknown_node(node: Machine) -> None:
    node.interface("eth0", "b8:27:eb:aa:aa:aa")
    node.interface("wlan0", "b8:27:eb:bb:bb:bb")
    assert name(node) == "node-aaaaaa"


def test_without_any_interface_the_name_stays(node: Machine) -> None:
    done = node.run(SCRIPT)
    assert done.returncode == 0
    assert "the name stays" in done.stderr
    assert node.read("proc/sys/kernel/hostname") == "localhost\n"
    assert not (node.root / "etc/hostname").exists()


def test_hosts_are_kept_but_for_the_own_name(node: Machine) -> None:
    node.interface("eth0", "b8:27:eb:00:00:35")
    node.write(
        "etc/hosts",
        "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost\n127.0.1.1 node99\n127.0.1.10 other\n"
        "10.42.0.250 sevastopol\n",
    )
    name(node)
    assert node.read("etc/hosts") == (
        "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost\n127.0.1.10 other\n"
        "10.42.0.250 sevastopol\n127.0.1.1 node35\n"
    )


def test_hosts_are_made(node: Machine) -> None:
    node.interface("eth0", "b8:27:eb:00:00:35")
    name(node)
    assert node.read("etc/hosts") == (
        "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n127.0.1.1 node35\n"
    )


def test_a_second_boot_writes_nothing(node: Machine) -> None:
    node.interface("eth0", "b8:27:eb:00:00:35")
    name(node)
    files = [node.root / "etc/hosts", node.root / "etc/hostname"]
    before = [file.stat().st_ino for file in files]
    name(node)
    assert [file.stat().st_ino for file in files] == before
    assert sorted(path.name for path in (node.root / "etc").iterdir()) == ["hostname", "hosts", "nodebake"]


def test_a_card_in_another_bay_takes_its_name(node: Machine) -> None:
    node.interface("eth0", "b8:27:eb:00:00:35")
    assert name(node) == "node35"
    node.write("sys/class/net/eth0/address", "b8:27:eb:00:00:07\n")
    assert name(node) == "node07"


def test_a_root_that_cannot_be_written_to_has_a_name_all_the_same(node: Machine) -> None:
    node.interface("eth0", "b8:27:eb:00:00:35")
    (node.root / "etc/hostname.new").mkdir()  # what a writer meets, whoever runs this test
    done = node.run(SCRIPT)
    assert done.returncode == 0
    assert "until the next boot" in done.stderr
    assert node.read("proc/sys/kernel/hostname") == "node35\n"
