# SPDX-License-Identifier: Apache-2.0
"""What makes a node itself: `identity/<node>/`, made once, exported to that node's address alone.

Its files are laid over the node's root: host name, machine id, ssh host key, the line of fstab that mounts
its content directory. They outlive every release; only the operator removes them.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from builder.head.ground import files, machine
from builder.head.ground.layout import Layout
from builder.head.node.inventory import Inventory, Node

_KEY = "etc/ssh/ssh_host_ed25519_key"
CONTENT = "/opt/individual_content"
NFS = "vers=3,tcp,nolock,_netdev,noatime"


@dataclass(frozen=True)
class Identify:
    """Make what `node` lacks of its identity, and its content directory."""

    layout: Layout
    inventory: Inventory
    node: Node

    def describe(self) -> str:
        return f"make the identity of {self.node.name}"

    def run(self) -> None:
        folder = self.layout.identities / self.node.name
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        self.layout.identities.chmod(0o755)
        machine_id = folder / "etc/machine-id"
        if not machine_id.exists():
            files.write(machine_id, f"{secrets.token_hex(16)}\n", 0o444)
        make_key(folder / _KEY, self.node.name)
        for path, text in texts(self.layout, self.inventory, self.node).items():
            if not (folder / path).exists() or (folder / path).read_text(encoding="utf-8") != text:
                files.write(folder / path, text)
        (self.layout.contents / self.node.name).mkdir(parents=True, exist_ok=True)


def lacking(layout: Layout, inventory: Inventory, node: Node) -> bool:
    """Whether the node's identity is not whole, or no longer what the inventory says."""
    folder = layout.identities / node.name
    names = (_KEY, f"{_KEY}.pub", "etc/machine-id")
    if not (layout.contents / node.name).is_dir() or not all((folder / name).exists() for name in names):
        return True
    return any(
        not (folder / path).exists() or (folder / path).read_text(encoding="utf-8") != text
        for path, text in texts(layout, inventory, node).items()
    )


def texts(layout: Layout, inventory: Inventory, node: Node) -> dict[str, str]:
    """The files that follow from the inventory."""
    content = f"{inventory.address}:{layout.contents / node.name} {CONTENT} nfs {NFS},nofail 0 0\n"
    facts = {"format": 1, **asdict(node), "head": inventory.address}
    # Whoever this head trusts to sign releases, a node that is flashed trusts too.
    trusted = {
        f"etc/nodebake/{path.name}": path.read_text(encoding="utf-8")
        for path in (layout.signers, layout.revoked)
        if path.exists()
    }
    return {
        **trusted,
        "etc/hostname": f"{node.name}\n",
        "etc/fstab": content,
        "etc/nodebake/node": json.dumps(facts, sort_keys=True) + "\n",
    }


def make_key(key: Path, name: str) -> None:
    """A host key, whole or not at all: the public half comes last and says that both are there."""
    public = key.with_name(f"{key.name}.pub")
    if key.exists() and public.exists():
        return
    key.parent.mkdir(parents=True, exist_ok=True)
    making = key.with_name(f".{key.name}.part")
    for left in (making, making.with_name(f"{making.name}.pub"), key, public):
        left.unlink(missing_ok=True)
    machine.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", f"root@{name}", "-f", str(making)])
    making.rename(key)
    making.with_name(f"{making.name}.pub").rename(public)


def known_hosts(layout: Layout, nodes: tuple[Node, ...]) -> Iterator[str]:
    """A line of known_hosts for each node that has a key: its name and its address."""
    for node in nodes:
        public = layout.identities / node.name / f"{_KEY}.pub"
        if public.exists():
            kind, key = public.read_text(encoding="utf-8").split()[:2]
            yield f"{node.name},{node.address} {kind} {key}"
