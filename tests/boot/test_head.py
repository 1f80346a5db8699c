# SPDX-License-Identifier: Apache-2.0
"""The head's image on the `virt` board, between the nodes' network and the outside.

On the nodes' side the test is itself a node: it writes and reads the frames of the cable. The control plane
is the simulator, and reaches the head's port 1236 through the ssh connection.
"""

from __future__ import annotations

import hashlib
import json
import socket
import struct
import tarfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from builder.boot.built import image_of
from builder.boot.machine import MAC
from builder.host.emulator import LOOPBACK, loopback_port
from builder.host.scratch import scratch
from tests.boot.guest import Shell, booted
from tests.boot.operator import Operator
from tests.boot.operator import operator as operator_of
from tests.boot.timing import BOOTS
from tests.boot.wire import Node, Packet, Wire, wire
from tests.fixtures import Site
from tests.head.release import Tiny
from tests.head.test_package import build
from tests.needs import needs_tool
from tests.tools.power.plane import Plane, simulator

RECIPE = "head"
HEAD, NODE = "10.42.0.250", "10.42.0.7"
CARD = "b8:27:eb:00:00:fa"
STRANGER = "b8:27:eb:00:00:99"
# Three times what was measured on two busy cores.
SSH_SECONDS = 450
SETTLED_SECONDS = 300
SINCE_1900 = 2208988800
FIRST = Tiny()
SECOND = Tiny(version="20260201-bbbbbbbb", epoch=1769904000)

pytestmark = [pytest.mark.boot, needs_tool("qemu-system-aarch64", "qemu-img", "mcopy", "ssh", "dpkg-deb")]


@dataclass(frozen=True)
class Head:
    """A head that has booted, the cable on its nodes' side, and its control plane.

    `outside` are ports of loopback that lead to ports of its card on the other side.
    """

    shell: Shell
    wire: Wire
    plane: Plane
    outside: Mapping[int, int]

    def node(self) -> Node:
        """The inventory's one node."""
        return self.wire.node(MAC, NODE)


@pytest.fixture(scope="module")
def head(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Head]:
    folder = Path(site.built(RECIPE)["manifest"]).parent
    image = image_of(site.manifest(RECIPE), folder)
    outside = {port: loopback_port(None) for port in (22, 2049)}
    with (
        scratch("wire") as ends,
        wire(ends, CARD) as cable,
        simulator() as plane,
        booted(
            image, "virt", tmp_path_factory.mktemp(RECIPE), (*cable.options(), *second_outside(outside))
        ) as guest,
    ):
        shell = Shell(guest, "pi", site.key)
        BOOTS[f"{RECIPE} on virt answers ssh"] = guest.until(shell.answers, "ssh", seconds=SSH_SECONDS)
        with shell.forwarded(1236, int(plane.url.rpartition(":")[2])):
            shell.tell("systemctl is-system-running --wait || true", seconds=SETTLED_SECONDS)
            BOOTS[f"{RECIPE} on virt has booted its nodes"] = guest.seconds()
            yield Head(shell, cable, plane, outside)
        BOOTS[f"{RECIPE} on virt is through"] = guest.seconds()


def test_nothing_failed_and_nothing_turns_in_a_circle(head: Head) -> None:
    failed = head.shell.tell("systemctl --failed --plain --no-legend")
    logs = head.shell.tell("sudo journalctl -b -p warning --no-pager | tail -30") if failed else ""
    assert not failed, f"failed units:\n{failed}\n{logs}"
    circles = "journalctl -b --quiet --no-pager --identifier systemd --grep 'ordering cycle' || true"
    assert head.shell.tell(circles) == ""
    wanted = "chrony dnsmasq nfs-server nftables ssh systemd-networkd"
    assert set(head.shell.tell(f"systemctl is-active {wanted}").split()) == {"active"}
    assert head.shell.tell("uname -n") == "sevastopol"


def test_the_nodes_were_tested_and_booted_in_order(head: Head) -> None:
    units = ("maker-control-plane", "maker-self-test", "maker-power-on")
    assert head.shell.tell(f"systemctl is-active {' '.join(units)}").split() == ["active"] * 3
    said = head.shell.tell("sudo journalctl -b -o cat --no-pager -u maker-self-test -u maker-power-on")
    lines = [line for line in said.splitlines() if line.startswith("node ") or "passed" in line]
    assert lines == [
        *(f"node {number}: passed" for number in range(1, 8)),
        "7 of 7 passed",
        *(f"node {number}: on" for number in range(1, 8)),
    ]
    assert head.plane.plant.on >= set(range(1, 8))


def test_power_py_speaks_to_the_control_plane(head: Head) -> None:
    assert head.shell.tell("client/power.py 7 off") == "node 7: off"
    assert 7 not in head.plane.plant.on
    assert head.shell.tell("client/power.py 7 on") == "node 7: on"
    assert 7 in head.plane.plant.on
    assert head.plane.no_violations()


def test_a_self_test_spares_what_runs(head: Head) -> None:
    before = head.plane.plant.commands["XPowerRequest"]
    head.shell.tell("sudo systemctl restart maker-self-test")
    assert head.plane.plant.commands["XPowerRequest"] == before


def test_a_boot_rom_gets_its_address_and_no_stranger_does(head: Head) -> None:
    offer = head.node().dhcp(30)
    assert offer
    assert str(offer.address) == NODE
    assert offer.options[60] == b"PXEClient"
    assert b"Raspberry Pi Boot   " in offer.options[43]
    assert {offer.options[number] for number in (3, 6, 42, 54)} == {IPv4Address(HEAD).packed}
    # An earlier answer could lock the ROM of a 3B.
    assert offer.seconds >= 1
    assert head.wire.node(STRANGER).dhcp(8) is None
    log = head.shell.tell("journalctl -b -u dnsmasq --no-pager -o cat")
    assert f"DHCPDISCOVER(eth0) {MAC}" in log


def test_a_node_gets_the_files_of_its_own_directory(head: Head) -> None:
    own = f"/pxe/boot/{MAC.replace(':', '-')}"
    head.shell.tell(
        f"sudo mkdir -p {own}; echo all | sudo tee /pxe/boot/x.txt; echo mine | sudo tee {own}/config.txt"
    )
    node = head.node()
    # Right after the offer, as a boot ROM does: from that, dnsmasq knows whose address it is.
    assert node.dhcp(30)
    assert node.tftp(HEAD, "config.txt") == b"mine\n"
    assert "not found" in str(node.tftp(HEAD, "x.txt"))
    head.shell.tell(f"sudo rm -r {own} /pxe/boot/x.txt")


def test_the_firewall_lets_nodes_in_where_they_are_served(head: Head) -> None:
    node = head.node()
    assert [
        port for port in (22, 53, 111, 2049, 20048, 32765, 32768) if node.knock(HEAD, port) != "open"
    ] == []
    # Nobody listens on this address, and the head says so itself.
    assert node.knock(HEAD, 1236) == "closed"
    # LLMNR is listened for on every card; nodes may not ask.
    assert head.shell.tell("ss -Hltn sport = :5355") != ""
    assert node.knock(HEAD, 5355, 5) == "silent"
    foreign = head.wire.node(STRANGER, "10.43.0.9")
    assert foreign.knock(HEAD, 2049, 5) == "silent"


def test_the_firewall_lets_the_outside_in_by_ssh_only(head: Head) -> None:
    def dropped() -> int:
        said = head.shell.tell("sudo nft list chain inet head input | grep dropped")
        return int(said.split()[said.split().index("packets") + 1])

    # A call of NFS that does nothing, which is always answered.
    call = struct.pack("!11I", 0x80000028, 7, 0, 2, 100003, 3, 0, 0, 0, 0, 0)
    before = dropped()
    assert heard(head.outside[2049], call) == b""
    assert dropped() > before
    assert heard(head.outside[22]).startswith(b"SSH-2.0")


def test_the_time_is_served(head: Head) -> None:
    asked = struct.pack("!B47x", 0x23)
    answer = head.node().ask(HEAD, 123, asked)
    assert answer
    assert answer.body[0] & 7 == 4
    told = struct.unpack("!I", answer.body[40:44])[0] - SINCE_1900
    assert abs(told - int(head.shell.tell("date +%s"))) < 60


def test_names_are_served(head: Head) -> None:
    question = b"\x12\x34\x01\x00\x00\x01" + bytes(6) + b"\x06node07\x00\x00\x01\x00\x01"
    answer = head.node().ask(HEAD, 53, question)
    assert answer
    assert answer.body.endswith(IPv4Address(NODE).packed)


def test_nfs_is_served(head: Head) -> None:
    # rpcbind's GETPORT of NFS version 3 over TCP.
    call = struct.pack("!10I4I", 7, 0, 2, 100000, 2, 3, 0, 0, 0, 0, 100003, 3, 6, 0)
    answer = head.node().ask(HEAD, 111, call)
    assert answer
    assert struct.unpack("!I", answer.body[-4:])[0] == 2049


def test_the_image_cache_keeps_what_one_node_has_pulled(head: Head) -> None:
    blob = b"a layer" * 1000
    digest = hashlib.sha256(blob).hexdigest()
    name = f"sha256:{digest}"
    get = f"curl --silent --show-error --fail http://{HEAD}:5000/v2"
    with registry(blob) as port:
        config = "/etc/docker/registry/config.yml"
        head.shell.tell(
            f"sudo sed -i 's,remoteurl: .*,remoteurl: http://10.0.2.2:{port},' {config};"
            " sudo systemctl restart docker-registry"
        )
        head.shell.tell(f"{get}/ --retry 20 --retry-connrefused --retry-delay 1")
        assert head.node().knock(HEAD, 5000) == "open"
        pulled = head.shell.tell(f"{get}/probe/thing/blobs/{name} | sha256sum")
        assert pulled.split()[0] == digest
        # It answers first and keeps what it answered afterwards.
        kept = f"find /var/lib/docker-registry -path '*/{digest}/data' | grep -q ."
        head.shell.tell(f'sudo timeout 60 sh -c "until {kept}; do sleep 1; done"')
    # The outside is gone.
    assert head.shell.tell(f"{get}/probe/thing/blobs/{name} | sha256sum").split()[0] == digest
    assert head.shell.tell("findmnt --noheadings --output FSTYPE /var/lib/docker-registry") == "ext4"


@pytest.fixture(scope="module")
def operator(head: Head, site: Site, tmp_path_factory: pytest.TempPathFactory) -> Operator:
    return operator_of(site, head.shell, tmp_path_factory.mktemp("operator") / "project")


def test_it_is_published_to_as_it_comes(head: Head, operator: Operator) -> None:
    """Its services take what is written while they run, and a node gets it."""
    assert head.shell.tell("sudo exportfs -s") == ""
    place = operator.built(FIRST)
    assert operator.tell("publish", FIRST.recipe) == f"node07 boots {FIRST.recipe}/{FIRST.version}\n"
    node = head.node()
    assert node.dhcp(30)
    with tarfile.open(next(place.glob("*.boot.tar"))) as boot:
        file = boot.extractfile("./config.txt")
        assert file and node.tftp(HEAD, "config.txt") == file.read()
    assert len(node.tftp(HEAD, f"{FIRST.prefix}vmlinuz")) == 4000
    assert json.loads(head.shell.tell("sudo nodebake-head starts --since 0 --json"))["value"] == {"node07": 1}
    told = str(node.tftp(HEAD, f"{FIRST.prefix}cmdline.txt"))
    assert f"nodebake.root={HEAD}:/pxe/releases/{FIRST.recipe}/{FIRST.version}" in told
    exported = [line.split() for line in head.shell.tell("sudo exportfs -s").splitlines()]
    assert {(path, client.partition("(")[0]) for path, client in exported} == {
        ("/pxe/releases", "10.42.0.0/24"),
        ("/pxe/identity/node07", NODE),
        ("/pxe/instances/node07/data", NODE),
        ("/pxe/nodes/node07", NODE),
    }
    assert head.shell.tell("systemctl is-active dnsmasq nfs-server").split() == ["active"] * 2


def test_what_dnsmasq_would_not_take_is_not_left_there(head: Head, operator: Operator) -> None:
    """A line of the site's that goes badly with ours: dnsmasq goes on with what it had."""
    other = "/etc/dnsmasq.d/90-site.conf"
    head.shell.tell(
        f"echo dhcp-host=b8:27:eb:00:00:77,{NODE} | sudo tee {other}; sudo rm /etc/dnsmasq.d/nodebake.conf"
    )
    operator.built(SECOND)
    with pytest.raises(AssertionError, match="dnsmasq does not take its configuration together with yours"):
        operator.tell("publish", SECOND.recipe)
    assert head.shell.tell("systemctl is-active dnsmasq") == "active"
    head.shell.tell(f"sudo rm {other}")
    assert operator.tell("publish", SECOND.recipe) == f"node07 boots {SECOND.recipe}/{SECOND.version}\n"


def test_a_rollback_gives_the_node_the_former_files(head: Head, operator: Operator) -> None:
    assert operator.tell("rollback", "node07") == f"node07 boots {FIRST.recipe}/{FIRST.version}\n"
    node = head.node()
    assert node.dhcp(30)
    assert FIRST.version in str(node.tftp(HEAD, "config.txt"))


def test_the_journal_that_a_node_sends_is_read_by_the_operator(head: Head, operator: Operator) -> None:
    """Sent by the program that nodes have, from the node's address, which this machine takes for it."""
    tell = head.shell.tell
    tell(f"sudo ip address add {NODE}/32 dev lo")
    tell(f"sudo ip route change table local local {HEAD} dev eth0 src {NODE}")
    tell("logger --tag simulation 'all is well'")
    # It goes on for ever, so it is ended.
    send = f"/usr/lib/systemd/systemd-journal-upload --url=http://{HEAD}:19532 --save-state=/run/sent"
    tell(f"sudo timeout 30 {send} || [ $? = 124 ]")
    tell(f"sudo ip address del {NODE}/32 dev lo")
    assert "simulation[" in operator.tell("logs", "node07") and "all is well" in operator.tell(
        "logs", "node07"
    )


def test_what_a_nodes_kernel_says_first_is_kept(head: Head, operator: Operator) -> None:
    node = head.node()
    node.put(Packet(node.address, IPv4Address(HEAD), 6666, 6666, b"<5>nodebake: here I am\n"))
    kept = "grep -qs here /var/log/nodebake/netconsole/node07.log"
    head.shell.tell(f"sudo timeout 30 sh -c 'until {kept}; do sleep 1; done'")
    assert "here I am" in operator.tell("logs", "node07", "--kernel")


def test_doctor_finds_nothing_that_keeps_nodes_from_booting(operator: Operator) -> None:
    found = json.loads(operator.tell("doctor", "--json"))
    assert [each for each in found if each["level"] == "bad"] == []


def test_the_package_goes_over_a_head_that_serves(head: Head, operator: Operator, tmp_path: Path) -> None:
    """By apt, on a live systemd: what is installed later takes over, and nodes are served on."""
    head.shell.put(build(tmp_path), "/tmp/nodebake-head.deb")
    head.shell.tell("sudo apt-get install --yes --no-install-recommends /tmp/nodebake-head.deb", seconds=300)
    assert head.shell.tell("dpkg-query --show --showformat '${Status}' nodebake-head") == (
        "install ok installed"
    )
    assert head.shell.tell("sudo dpkg --verify nodebake-head") == ""
    assert head.shell.tell("systemctl --failed --plain --no-legend") == ""
    live = "dnsmasq nfs-server nodebake-netconsole.service nodebake-settle.timer"
    assert set(head.shell.tell(f"systemctl is-active {live}").split()) == {"active"}
    assert FIRST.version in operator.tell("status", "--no-nodes")
    assert operator.tell("publish", SECOND.recipe) == f"node07 boots {SECOND.recipe}/{SECOND.version}\n"


def second_outside(ports: Mapping[int, int]) -> tuple[str, ...]:
    """A card on a network of the emulator's own, whose ports are reached by loopback."""
    forwards = ",".join(f"hostfwd=tcp:{LOOPBACK}:{ours}-:{port}" for port, ours in ports.items())
    card = "virtio-net-pci,netdev=outside,mac=b8:27:eb:00:00:fb,romfile="
    return ("-netdev", f"user,id=outside,net=10.0.3.0/24,{forwards}", "-device", card)


def heard(port: int, said: bytes = b"", seconds: float = 10) -> bytes:
    """The first bytes that come from a port of loopback; none when nobody answers."""
    with socket.create_connection((LOOPBACK, port), seconds) as connection:
        connection.sendall(said)
        try:
            return connection.recv(1024)
        except (TimeoutError, ConnectionResetError):
            return b""


@contextmanager
def registry(blob: bytes) -> Iterator[int]:
    """A registry outside that has one blob; yields its port."""

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = blob if "/blobs/" in self.path else b"{}"
            self.send_response(200)
            self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Content-Type", "application/octet-stream")
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        do_HEAD = do_GET

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer((LOOPBACK, 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join(10)
