# SPDX-License-Identifier: Apache-2.0
"""A node's boot and root of one release: `instances/<node>/<name>/`, told by its `instance.json`, format 1.

`boot/` is what TFTP serves: links to the release's files, and the node's own cmdline.txt. `root/` is there
in mode private alone. Which of its instances a node boots is said by its link in `/pxe/boot` alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass

from builder.head.ground.layout import Layout
from builder.head.node.inventory import Node

FORMAT = 1


@dataclass(frozen=True)
class Instance:
    """`copied` says how a private root was made: `reflink` or `copy`. `made` is in seconds since 1970."""

    node: str
    name: str
    recipe: str
    version: str
    epoch: int
    mode: str
    writable: str
    prefix: str
    cmdline: str
    made: int
    copied: str = ""

    @property
    def release(self) -> str:
        return f"{self.recipe}/{self.version}"


def dump(instance: Instance) -> str:
    return json.dumps({"format": FORMAT, **asdict(instance)}, indent=1, sort_keys=True) + "\n"


def read(layout: Layout, node: str, name: str) -> Instance | None:
    """That instance; None when it is not there or cannot be read."""
    try:
        fields = json.loads((layout.instance(node, name) / "instance.json").read_text(encoding="utf-8"))
        return Instance(**fields) if fields.pop("format") == FORMAT else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def of_node(layout: Layout, node: str) -> tuple[Instance, ...]:
    """All instances of a node, the one made last at the end."""
    try:
        names = sorted(path.name for path in (layout.instances / node).iterdir())
    except FileNotFoundError:
        return ()
    found = (read(layout, node, name) for name in names if not name.startswith(".") and name != "data")
    return tuple(sorted((each for each in found if each), key=lambda each: (each.made, each.name)))


def everywhere(layout: Layout) -> Iterator[Instance]:
    """All instances of all nodes."""
    try:
        nodes = sorted(path.name for path in layout.instances.iterdir())
    except FileNotFoundError:
        return
    for node in nodes:
        yield from of_node(layout, node)


def present_name(layout: Layout, node: Node) -> str:
    """The name of the instance that the node boots, empty when it has none."""
    try:
        parts = layout.switch(node.mac).readlink().parts
    except OSError:
        return ""
    return parts[-2] if parts[-1] == "boot" and parts[-3:-2] == (node.name,) else ""


def present(layout: Layout, nodes: Iterable[Node]) -> dict[str, Instance]:
    """What each node boots, by its name; nodes without are left out."""
    found = {node.name: read(layout, node.name, present_name(layout, node)) for node in nodes}
    return {name: instance for name, instance in found.items() if instance}


def link_target(node: str, name: str) -> str:
    """Where the node's link points: relative, so that /pxe may be looked at from elsewhere."""
    return f"../instances/{node}/{name}/boot"
