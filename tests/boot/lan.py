# SPDX-License-Identifier: Apache-2.0
"""A cluster's network with a head by hand: what is exported to whom is what a test says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from builder.host import lan as network
from builder.host.lan import BRIDGE

HEAD = "10.42.0.250"
PXE = Path("/srv/pxe")
TOOLS = (*network.TOOLS, "dnsmasq", "ganesha.nfsd", "rpcbind")


@dataclass(frozen=True)
class Node:
    """A node's place on the network: its name, MAC and address, and the port that it hangs on."""

    number: int

    @property
    def name(self) -> str:
        return f"node{self.number:02d}"

    @property
    def mac(self) -> str:
        return f"b8:27:eb:00:00:{self.number:02x}"

    @property
    def address(self) -> str:
        return f"10.42.0.{self.number}"

    @property
    def port(self) -> str:
        return f"port{self.number}"


@dataclass(frozen=True)
class Export:
    """A folder below PXE, for these addresses alone, or for all when there are none."""

    path: str
    clients: tuple[str, ...] = ()
    writable: bool = False


@dataclass(frozen=True)
class Lan(network.Lan):
    """The network while it is there."""

    nodes: tuple[Node, ...] = ()

    def serve(self, exports: Sequence[Export]) -> None:
        """Start DHCP and NFS; the exported folders must be there."""
        hosts = [f"--dhcp-host={node.mac},{node.address},{node.name},infinite" for node in self.nodes]
        self.start("dnsmasq", "dnsmasq", *_DNSMASQ, *hosts)
        configuration = self.logs / "ganesha.conf"
        configuration.write_text(_GANESHA + "".join(map(_export, range(1, 1 + len(exports)), exports)))
        self.start("rpcbind", "rpcbind", "-f", "-w")
        self.until("rpcbind", "test", "-S", "/run/rpcbind.sock")
        log = self.logs / "ganesha.nfsd.log"
        self.start("ganesha", "ganesha.nfsd", "-F", "-f", configuration, "-L", log, "-p", "/run/ganesha.pid")
        self.until("ganesha.nfsd", "bash", "-c", f"exec 3<>/dev/tcp/{HEAD}/2049 4<>/dev/tcp/{HEAD}/20048")

    def unpack(self, archive: Path, folder: Path) -> None:
        """Unpack a tar, perhaps compressed, with its owners."""
        self.run("mkdir", "-p", folder)
        self.run("tar", "--extract", "--numeric-owner", "--file", archive, "--directory", folder)


@contextmanager
def lan(logs: Path, *numbers: int) -> Iterator[Lan]:
    """The network with the nodes of these numbers, while the body runs."""
    nodes = tuple(map(Node, numbers))
    with network.lan(logs, f"{HEAD}/24", [node.port for node in nodes]) as made:
        yield Lan(made.holder, made.logs, made.processes, nodes)


_DNSMASQ = (
    *("--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--user=root", "--log-facility=-"),
    *(f"--interface={BRIDGE}", "--bind-interfaces", "--dhcp-range=10.42.0.0,static", "--no-ping"),
    *("--leasefile-ro", "--pid-file=", "--log-dhcp"),
)
_GANESHA = """\
NFS_CORE_PARAM { Protocols = 3; MNT_Port = 20048; Enable_NLM = false; Enable_RQUOTA = false; }
NFSv4 { Graceless = true; }
EXPORT_DEFAULTS { Squash = No_Root_Squash; SecType = sys; Transports = TCP; Protocols = 3;
    Access_Type = None; }
"""


def _export(number: int, export: Export) -> str:
    access = "RW" if export.writable else "RO"
    clients = ", ".join(export.clients) or "10.42.0.0/24"
    path = PXE / export.path
    return (
        f"EXPORT {{ Export_Id = {number}; Path = {path}; Pseudo = {path}; FSAL {{ Name = VFS; }}"
        f" CLIENT {{ Clients = {clients}; Access_Type = {access}; }} }}\n"
    )
