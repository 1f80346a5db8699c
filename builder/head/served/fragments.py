# SPDX-License-Identifier: Apache-2.0
"""The files in /etc that nodebake-head owns: told by their first line, checked, the former ones kept."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from builder.errors import NodebakeError, RefusedError
from builder.head.ground import files, machine
from builder.head.ground.layout import Layout
from builder.head.node.inventory import Inventory
from builder.head.served import dnsmasq, exports
from builder.head.served.exports import Export

# Debian names this folder on dnsmasq's command line, and not in its configuration.
_SITES = "--conf-dir=/etc/dnsmasq.d,.dpkg-dist,.dpkg-old,.dpkg-new"
KEPT = 20
"""Former states of one fragment that are kept."""


@dataclass(frozen=True)
class Place:
    """Bring a fragment's `text` to `path`; `service` reads it."""

    layout: Layout
    path: Path
    text: str
    service: str

    def describe(self) -> str:
        return f"write {self.path} and reload {self.service}"

    def run(self) -> None:
        former = own_text(self.path)
        if former is not None:
            keep(self.layout, self.path, former)
        if self.service == "dnsmasq":
            check_dnsmasq(self.layout, self.text)
        files.write(self.path, self.text)
        try:
            if self.layout.live:
                reload(self.service)
        except NodebakeError:
            if former is None:
                self.path.unlink()
            else:
                files.write(self.path, former)
            if self.layout.live:
                revive(self.service)
            raise


@dataclass(frozen=True)
class Number:
    """Write down which export has which number, before anything goes by it."""

    layout: Layout
    numbers: dict[str, int]

    def describe(self) -> str:
        return f"number {len(self.numbers)} exports"

    def run(self) -> None:
        text = json.dumps({"format": 1, "exports": self.numbers}, indent=1, sort_keys=True)
        files.write(self.layout.state / "exports.json", text + "\n", lasting=True)


def for_dnsmasq(layout: Layout, inventory: Inventory) -> list[Place]:
    """What brings dnsmasq's fragment to where the inventory is; nothing when it is there."""
    elsewhere = dnsmasq_elsewhere(layout)
    if faults := dnsmasq.conflicts(layout, elsewhere):
        raise RefusedError(
            "dnsmasq's own configuration hides the nodes' directories",
            facts=faults,
            hint=f"change it below `{layout.etc}`, then publish again",
        )
    path, text = layout.etc / "dnsmasq.d/nodebake.conf", dnsmasq.fragment(layout, inventory, elsewhere)
    return [] if own_text(path) == text else [Place(layout, path, text, "dnsmasq")]


def dnsmasq_elsewhere(layout: Layout) -> dict[str, list[str]]:
    """What the site's own files for dnsmasq say."""
    found: dict[str, list[str]] = {}
    paths = [layout.etc / "dnsmasq.conf", *sorted((layout.etc / "dnsmasq.d").glob("[!.]*"))]
    for path in paths:
        if path.is_file() and path.name != "nodebake.conf":
            for key, value in dnsmasq.settings(path.read_text(encoding="utf-8", errors="replace")):
                found.setdefault(key, []).append(value)
    return found


def for_exports(layout: Layout, rows: tuple[Export, ...], server: str) -> list[Number | Place]:
    """The same for the exports of one server."""
    former = numbers(layout)
    numbered = exports.numbered(rows, former)
    render = exports.for_ganesha if server == "ganesha" else exports.for_kernel
    path, text = exports.place(layout, server), render(rows, numbered)
    found: list[Number | Place] = [] if numbered == former else [Number(layout, numbered)]
    return found if own_text(path) == text else [*found, Place(layout, path, text, server)]


def numbers(layout: Layout) -> dict[str, int]:
    """The exports' numbers so far."""
    try:
        data = json.loads((layout.state / "exports.json").read_text(encoding="utf-8"))
        return {str(path): int(number) for path, number in data["exports"].items()}
    except FileNotFoundError:
        return {}


def own_text(path: Path) -> str | None:
    """What the fragment holds, None when it is not there. Raises RefusedError for somebody else's file."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    if not text.startswith((dnsmasq.HEADER, exports.HEADER)):
        raise RefusedError(
            f"`{path}` was not written by nodebake-head",
            hint="move it to another name: this one is nodebake-head's",
        )
    return text


def keep(layout: Layout, path: Path, text: str) -> None:
    """Keep a former state of a fragment under state/fragments/, the last ones of each."""
    folder = layout.state / "fragments"
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    files.write(folder / f"{path.name}.{digest}", text)
    for old in sorted(folder.glob(f"{path.name}.*"), key=lambda each: each.stat().st_mtime)[:-KEPT]:
        old.unlink()


def check_dnsmasq(layout: Layout, text: str) -> None:
    """Ask dnsmasq itself, with nothing else of the site's. Raises NodebakeError."""
    candidate = layout.state / "fragments/.candidate.conf"
    files.write(candidate, text)
    try:
        done = machine.run(["dnsmasq", "--test", f"--conf-file={candidate}"], check=False)
    finally:
        candidate.unlink()
    if done.code:
        raise NodebakeError("dnsmasq does not take its configuration", facts=done.told)


def reload(service: str) -> None:
    """Let a service read its fragment. dnsmasq reads its configuration only when it starts."""
    if service == "dnsmasq":
        whole = machine.run(["dnsmasq", "--test", _SITES], check=False)
        if whole.code:
            raise NodebakeError(
                "dnsmasq does not take its configuration together with yours",
                facts=whole.told,
                hint="remove the lines that say the same; the former configuration is back in place",
            )
        machine.run(["systemctl", "try-restart", "dnsmasq"])
    elif service == "ganesha":
        machine.run(["systemctl", "reload", "nfs-ganesha"])
    else:
        machine.run(["exportfs", "-r", "-a"])


def revive(service: str) -> None:
    """After the former file was put back: start what ended over the new one."""
    if service == "dnsmasq" and not machine.run(["systemctl", "is-failed", "dnsmasq"], check=False).code:
        machine.run(["systemctl", "restart", "dnsmasq"], check=False)


def server_here() -> str:
    """Which NFS server this head has."""
    if machine.which("ganesha.nfsd") and not machine.which("exportfs"):
        return "ganesha"
    return "kernel"
