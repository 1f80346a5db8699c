# SPDX-License-Identifier: Apache-2.0
"""What dnsmasq and the NFS servers get, as text."""

from __future__ import annotations

from pathlib import Path

from builder.head.ground.layout import Layout
from builder.head.node.instance import Instance
from builder.head.node.inventory import Inventory, Node
from builder.head.served import dnsmasq, exports

LAYOUT = Layout(Path("/pxe"), Path("/etc"))
NODES = (
    Node("node01", 1, "b8:27:eb:00:00:01", "10.42.0.1", "pi3b"),
    Node("node02", 2, "dc:a6:32:00:00:02", "10.42.0.2", "pi4", "1a2b3c4d"),
)
INVENTORY = Inventory("sevastopol", "10.42.0.250", ("10.42.0.0/24",), NODES)


def made(node: str, name: str, mode: str, cmdline: str = "") -> Instance:
    return Instance(node, name, "minimal", "1", 1, mode, "tmpfs", "1/", cmdline, 1)


def test_dnsmasq_gets_fixed_hosts_and_what_boot_roms_want() -> None:
    assert dnsmasq.fragment(LAYOUT, INVENTORY, {}) == dnsmasq.HEADER + (
        "enable-tftp\n"
        "tftp-root=/pxe/boot\n"
        "tftp-unique-root=mac\n"
        "tftp-max=20\n"
        'pxe-service=0,"Raspberry Pi Boot   "\n'
        "dhcp-reply-delay=tag:pi3b,1\n"
        "log-dhcp\n"
        "no-ping\n"
        "dhcp-range=10.42.0.0,static,255.255.255.0,infinite\n"
        "dhcp-host=b8:27:eb:00:00:01,set:pi3b,10.42.0.1,node01,infinite\n"
        "dhcp-host=dc:a6:32:00:00:02,set:pi4,10.42.0.2,node02,infinite\n"
    )


def test_what_the_site_has_is_left_out() -> None:
    text = "tftp-max=150 # many\nenable-tftp\n# no-ping\n"
    text += "dhcp-range=10.42.0.0,static,infinite\ntftp-root=/pxe/boot/\n"
    elsewhere: dict[str, list[str]] = {}
    for key, value in dnsmasq.settings(text):
        elsewhere.setdefault(key, []).append(value)
    keys = [key for key, _ in dnsmasq.settings(dnsmasq.fragment(LAYOUT, INVENTORY, elsewhere))]
    assert (
        keys
        == ["tftp-unique-root", "pxe-service", "dhcp-reply-delay", "log-dhcp", "no-ping"] + ["dhcp-host"] * 2
    )
    assert dnsmasq.conflicts(LAYOUT, elsewhere) == []
    assert dnsmasq.conflicts(LAYOUT, {"tftp-unique-root": ["ip"], "tftp-root": ["/srv/tftp"]}) == [
        "tftp-root=/srv/tftp stands there, and tftp-root=/pxe/boot is needed",
        "tftp-unique-root=ip stands there, and tftp-unique-root=mac is needed",
    ]


def test_sixty_nodes_fit_twice() -> None:
    nodes = tuple(
        Node(f"node{n:02}", n, f"b8:27:eb:00:00:{n:02x}", f"10.42.0.{n}", "pi3b") for n in range(1, 61)
    )
    assert dnsmasq.tftp_max(Inventory("s", "10.42.0.250", (), nodes)) >= 2 * 60


def test_each_node_may_write_what_is_its_own() -> None:
    held = [
        made("node01", "minimal-1", "private"),
        made("node01", "minimal-0", "shared", "quiet nodebake.data=10.42.0.250:/pxe/instances/node01/data"),
        made("node02", "minimal-1", "shared"),
        made("gone", "minimal-1", "private"),
    ]
    rows = exports.table(LAYOUT, INVENTORY, held)
    assert [(row.path, row.clients, row.writable, row.root) for row in rows] == [
        ("/pxe/releases", ("10.42.0.0/24",), False, False),
        ("/pxe/identity/node01", ("10.42.0.1",), False, True),
        ("/pxe/nodes/node01", ("10.42.0.1",), True, True),
        ("/pxe/instances/node01/data", ("10.42.0.1",), True, True),
        ("/pxe/instances/node01/minimal-1/boot", ("10.42.0.1",), True, True),
        ("/pxe/instances/node01/minimal-1/root", ("10.42.0.1",), True, True),
        ("/pxe/identity/node02", ("10.42.0.2",), False, True),
        ("/pxe/nodes/node02", ("10.42.0.2",), True, True),
    ]


def test_one_table_for_two_servers() -> None:
    rows = exports.table(LAYOUT, INVENTORY, [made("node01", "minimal-1", "shared")])
    numbers = exports.numbered(rows, {})
    assert exports.for_kernel(rows, numbers) == exports.HEADER + (
        '"/pxe/releases" 10.42.0.0/24(ro,sync,no_subtree_check,fsid=2001,root_squash)\n'
        '"/pxe/identity/node01" 10.42.0.1(ro,sync,no_subtree_check,fsid=2002,no_root_squash)\n'
        '"/pxe/nodes/node01" 10.42.0.1(rw,sync,no_subtree_check,fsid=2003,no_root_squash)\n'
    )
    assert exports.for_ganesha(rows[2:], numbers) == exports.HEADER + (
        "EXPORT {\n"
        '  Export_Id = 2003;\n  Path = "/pxe/nodes/node01";\n  Pseudo = "/pxe/nodes/node01";\n'
        "  Filesystem_Id = 2003.2003;\n  Access_Type = NONE;\n"
        "  Protocols = 3;\n  Transports = TCP;\n  SecType = sys;\n"
        "  Squash = No_Root_Squash;\n"
        "  FSAL { Name = VFS; }\n"
        "  CLIENT { Clients = 10.42.0.1; Access_Type = RW; }\n"
        "}\n"
    )


def test_an_export_keeps_its_number() -> None:
    def of(*paths: str) -> list[exports.Export]:
        return [exports.Export(path, ("10.42.0.1",), writable=False, root=False) for path in paths]

    first = exports.numbered(of("/a", "/b"), {})
    second = exports.numbered(of("/c", "/b"), first)
    assert (first, second) == ({"/a": 2001, "/b": 2002}, {"/b": 2002, "/c": 2003})
    # When all have been given out, those that are free come again.
    assert exports.numbered(of("/b", "/d"), {"/b": 2001, "/z": exports.LAST_ID}) == {"/b": 2001, "/d": 2002}
    # And none of them twice.
    held = {"/a": 2002, "/b": 2004, "/z": exports.LAST_ID}
    assert exports.numbered(of(*held, "/c", "/d", "/e"), held) == {**held, "/c": 2001, "/d": 2003, "/e": 2005}
