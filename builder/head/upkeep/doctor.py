# SPDX-License-Identifier: Apache-2.0
"""What is wrong on this head, each with what to do about it. Looks, and changes nothing."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from pathlib import Path

from builder.errors import NodebakeError
from builder.head.boots import cards
from builder.head.ground import foreign, machine
from builder.head.ground.layout import Layout
from builder.head.node import identity, instance
from builder.head.node.instance import Instance
from builder.head.node.inventory import Inventory
from builder.head.release import manifest
from builder.head.served import dnsmasq, exports, fragments, logs
from builder.head.served.exports import Export
from builder.head.upkeep import boot_trace, rival

ROOM = 500 << 20
"""Bytes that should be free: a release with its roots unpacked is larger than that on a private head."""

_LARGEST = 256 << 20
"""Bytes of a kernel, and more than any has."""


@dataclass(frozen=True)
class Finding:
    """`level` is `bad` for what keeps nodes from booting, `odd` for what is worth a look."""

    level: str
    about: str
    what: str
    hint: str


@dataclass(frozen=True)
class Patient:
    """What the checks look at. `listening` are sockets as `udp 67`; `effective` the exports that hold now."""

    layout: Layout
    inventory: Inventory
    present: dict[str, Instance]
    server: str
    listening: frozenset[str]
    effective: str | None
    log: tuple[str, ...]


def findings(patient: Patient) -> Iterator[Finding]:
    """Everything that the checks find."""
    for check in CHECKS:
        yield from check(patient)


def look(layout: Layout, inventory: Inventory, server: str) -> Patient:
    """The head as it is now."""
    return Patient(
        layout,
        inventory,
        instance.present(layout, inventory.nodes),
        server,
        listening("/proc/net") if layout.live else frozenset({**NEEDED, **WISHED}),
        effective_exports(server) if layout.live else None,
        tuple(logs.dnsmasq()) if layout.live else (),
    )


NEEDED = {
    "udp 67": "dnsmasq answers no DHCP: `systemctl status dnsmasq`",
    "udp 69": "dnsmasq serves no TFTP: `systemctl status dnsmasq`",
    "tcp 111": "rpcbind is not at work: `systemctl start rpcbind`",
    "tcp 2049": "the NFS server is not at work: `systemctl status nfs-server nfs-ganesha`",
}


WISHED = {
    "tcp 19532": "nodes' journals are lost: `systemctl enable --now systemd-journal-remote.socket`",
    "udp 6666": "kernels' first words are lost: `systemctl start nodebake-netconsole`",
}


def services(patient: Patient) -> Iterator[Finding]:
    for level, ports in (("bad", NEEDED), ("odd", WISHED)):
        for port, hint in ports.items():
            if port not in patient.listening:
                yield Finding(level, port, "nobody listens there", hint)


def signers(patient: Patient) -> Iterator[Finding]:
    if not patient.layout.signers.exists():
        hint = f"install -D -m 644 release_signers {patient.layout.signers}"
        yield Finding("bad", "signers", "this head trusts no key: nothing can be published", hint)


def nodes(patient: Patient) -> Iterator[Finding]:
    """Links, instances, identities and content directories."""
    layout = patient.layout
    for node in patient.inventory.nodes:
        link = layout.switch(node.mac)
        if not link.is_symlink():
            what = f"has no directory `{link.name}` below {layout.boot}: it would get nobody's files"
            yield Finding("bad", node.name, what, f"nodebake publish RECIPE {node.name}")
            continue
        each = patient.present.get(node.name)
        if each is None or not link.is_dir():
            yield Finding(
                "bad",
                node.name,
                f"its link leads nowhere: {link.readlink()}",
                "nodebake rollback, or publish",
            )
            continue
        if not layout.release(each.recipe, each.version).is_dir():
            yield Finding("bad", node.name, f"its release {each.release} is gone", "publish it again")
        if identity.lacking(layout, patient.inventory, node):
            hint = f"publishing {each.release} to it again completes it"
            yield Finding("odd", node.name, "its identity is not what the inventory says", hint)


def kernels(patient: Patient) -> Iterator[Finding]:
    """A private root whose modules are not those of the kernel that its boot directory starts."""
    for name, each in patient.present.items():
        if each.mode != "private":
            continue
        place = patient.layout.instance(name, each.name)
        modules = place / "root/usr/lib/modules"
        if not modules.is_dir():
            modules = place / "root/lib/modules"
        versions = {path.name for path in modules.iterdir()} if modules.is_dir() else set()
        kernel = kernel_version(place / "boot", each.prefix)
        if kernel and versions and kernel not in versions:
            what = f"boots kernel {kernel} and has modules of {', '.join(sorted(versions))}"
            yield Finding("bad", name, what, f"nodebake rollback {name}, or upgrade the kernel on it again")


def addresses(patient: Patient) -> Iterator[Finding]:
    """Whether what is exported now can be mounted from each node's address."""
    main = patient.layout.etc / "ganesha/ganesha.conf"
    if patient.server == "ganesha" and "nodebake.conf" not in (main.read_text() if main.exists() else ""):
        yield Finding("bad", str(main), "does not include the nodes' exports", INCLUDE)
    if patient.effective is None:
        return
    for row in exported_now(patient):
        if not Path(row.path).exists():
            yield Finding("bad", row.path, "is exported and not there", "nodebake publish makes it")
        for client in row.clients:
            if not exported(patient.effective, row.path, client):
                yield Finding("bad", row.path, f"is not exported to {client}", "exportfs -ra")


def exported_now(patient: Patient) -> tuple[Export, ...]:
    """What is to be exported: roots of nodes that run from their cards are not."""
    served = cards.load(patient.layout).served(instance.everywhere(patient.layout))
    return exports.table(patient.layout, patient.inventory, served)


INCLUDE = 'add the line: %include "/etc/ganesha/nodebake.conf"'


def owned(patient: Patient) -> Iterator[Finding]:
    """The fragments, against what would be written now."""
    try:
        wanted = [
            *fragments.for_dnsmasq(patient.layout, patient.inventory),
            *fragments.for_exports(patient.layout, exported_now(patient), patient.server),
        ]
    except NodebakeError as error:
        yield Finding("bad", "fragments", error.message, error.hint or "")
        return
    for each in wanted:
        if isinstance(each, fragments.Place):
            yield Finding(
                "bad", str(each.path), "is not what the inventory asks for", "nodebake publish writes it"
            )
    limit = fragments.dnsmasq_elsewhere(patient.layout).get("tftp-max", ())
    least = len(patient.inventory.nodes)
    for value in limit:
        if value.isdecimal() and int(value) < least:
            yield Finding(
                "bad",
                "tftp-max",
                f"is {value}, and there are {least} nodes",
                f"set it to {2 * least} or more",
            )


def space(patient: Patient) -> Iterator[Finding]:
    status = os.statvfs(patient.layout.pxe)
    free = status.f_bavail * status.f_frsize
    if free < ROOM:
        what = f"{free >> 20} MiB are free"
        yield Finding("odd", str(patient.layout.pxe), what, "nodebake gc removes former releases")
    if status.f_files and status.f_favail < status.f_files // 50:
        yield Finding("bad", str(patient.layout.pxe), f"{status.f_favail} inodes are free", "nodebake gc")


def dhcp(patient: Patient) -> Iterator[Finding]:
    """Another DHCP server on the cluster's network: whoever answers first decides what a node boots."""
    if not patient.layout.live:
        return
    for server in rival.servers(patient.inventory.address):
        yield Finding(
            "bad", "DHCP", f"{server} answers on the cluster's network too", "take it off that network"
        )


def boots(patient: Patient) -> Iterator[Finding]:
    """Where nodes stopped, from dnsmasq's log."""
    names = {}
    for name, each in patient.present.items():
        try:
            release = manifest.read(patient.layout.release(each.recipe, each.version))
        except NodebakeError:
            continue
        board = next((node.board for node in patient.inventory.nodes if node.name == name), "")
        names[name] = next((one.initramfs for one in release.boards if one.name == board), "")
    for trace in boot_trace.traces(patient.inventory, patient.log, names):
        if trace.stopped:
            last = f"stopped after `{trace.file}`" if trace.file else "did not get a file"
            yield Finding("odd", trace.node, last, trace.meaning)


CHECKS: tuple[Callable[[Patient], Iterator[Finding]], ...] = (
    services,
    signers,
    space,
    owned,
    nodes,
    kernels,
    addresses,
    dhcp,
    boots,
)


def listening(proc: str) -> frozenset[str]:
    """Sockets that wait for somebody, from /proc/net: UDP has no state, TCP's is 0A."""
    found = set()
    for name in ("udp", "udp6", "tcp", "tcp6"):
        path = Path(proc) / name
        for line in path.read_text().splitlines()[1:] if path.exists() else ():
            fields = line.split()
            if name.startswith("udp") or fields[3] == "0A":
                found.add(f"{name[:3]} {int(fields[1].rpartition(':')[2], 16)}")
    return frozenset(found)


def effective_exports(server: str) -> str | None:
    """What the kernel's server exports now, a line `path clients` each; ganesha tells each client its own."""
    if server != "kernel":
        return None
    try:
        return machine.run(["exportfs", "-s"]).stdout.decode(errors="replace")
    except NodebakeError:
        return ""


def exported(effective: str, path: str, client: str) -> bool:
    """Whether one of the lines gives `path` to `client`, an address or a network."""
    for line in effective.splitlines():
        words = line.split(maxsplit=1)
        if len(words) == 2 and words[0] == path:
            for word in re.split(r"[,\s]+", re.sub(r"\([^)]*\)", "", words[1])):
                if word in ("*", client) or _within(client, word):
                    return True
    return False


def _within(client: str, network: str) -> bool:
    try:
        return "/" not in client and ip_address(client) in ip_network(network, strict=False)
    except ValueError:
        return False


def kernel_version(boot: Path, prefix: str) -> str:
    """The version of the kernel that a boot directory starts, where a name or the kernel itself tells it."""
    config = foreign.read(boot, boot / "config.txt") or b""
    settings = dict(dnsmasq.settings(config.decode(errors="replace")))
    folder = boot / prefix if "os_prefix" in settings else boot
    name = settings.get("kernel", "")
    found = re.fullmatch(r"vmlinuz-(.+)", name)
    if found:
        return found[1]
    kernel = foreign.read(boot, folder / (name or "kernel8.img"), _LARGEST) or b""
    words = re.search(rb"Linux version (\S+)", kernel)
    return words[1].decode(errors="replace") if words else ""
