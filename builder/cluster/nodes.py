# SPDX-License-Identifier: Apache-2.0
"""The head and the nodes of cluster.yaml, with what the defaults and the networks say of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address

from builder.board import definition as boards
from builder.cluster import hardware
from builder.cluster.bars import Place
from builder.cluster.cluster import Head, Network, Node
from builder.cluster.cluster_file import ClusterFile, NodeModel
from builder.cluster.name import default_name, is_host_name
from builder.cluster.networks import counted, holds
from builder.cluster.reading import Reading
from builder.recipe.document import Path

_WORDS = {"mac": "MAC address", "serial": "serial number"}


@dataclass(frozen=True)
class Machines:
    """The machines of a file of the right shape. What is wrong goes to the reading."""

    reading: Reading
    model: ClusterFile
    networks: Mapping[str, Network]
    places: Mapping[int, Place]

    def head(self) -> Head | None:
        """The head; None when it has no address."""
        said, reading = self.model.head, self.reading
        address = reading.address(said.address, "head", "address")
        outside = reading.address(said.outside, "head", "outside")
        self._name(said.name, "head", "name")
        reading.known(said.board, boards.names(), "board", "head", "board")
        power = reading.known(said.power, self.model.power, "driver", "head", "power")
        for value, key in ((address, "address"), (outside, "outside")):
            if value is not None:
                reading.alone("address", str(value), "head", key)
        if address is None:
            return None
        if self.networks and not any(holds(network.subnet, address) for network in self.networks.values()):
            reading.problem(f"`{address}` is on none of the networks", "head", "address")
        return Head(said.name, said.board, address, outside, said.user, power)

    def nodes(self) -> list[Node]:
        """The nodes that have an address, by number; their groups come later."""
        found = [self._node(i, said) for i, said in enumerate(self.model.nodes)]
        return sorted((node for node in found if node is not None), key=lambda node: node.number)

    def _node(self, i: int, said: NodeModel) -> Node | None:
        reading, path = self.reading, ("nodes", i)
        name = said.name or default_name(said.number)
        # A number that is there twice has the same name and address, which is not worth telling too.
        first = reading.alone("number", str(said.number), *path, "number")
        if first or said.name:
            self._name(name, *path, "name" if said.name else "number")
        mac = reading.checked(hardware.mac, said.mac, *path, "mac")
        serial = reading.checked(hardware.serial, said.serial, *path, "serial")
        for what, value in (("mac", mac), ("serial", serial)):
            if value:
                reading.alone(_WORDS[what], value, *path, what)
        board = self._said(i, "board", name)
        network = self._said(i, "network", name)
        self._fit(i, name, board, network)
        address = self._address(i, name, network, first)
        place = self.places.get(said.number)
        power, power_path = self._value(i, "power")
        reading.known(power, self.model.power, "driver", *power_path)
        recipe, _ = self._value(i, "recipe")
        if address is None:
            return None
        bar, byte = (place.bar, place.byte) if place else ("", None)
        return Node(
            number=said.number,
            name=name,
            mac=mac,
            serial=serial,
            board=board or "",
            network=network or "",
            address=address,
            bar=bar,
            place=byte,
            groups=(),
            recipe=recipe or "",
            power=power or "",
        )

    def _name(self, name: str, *path: str | int) -> None:
        if is_host_name(name):
            self.reading.alone("name", name, *path)
        else:
            hint = "lower-case letters, digits and `-`, a letter first"
            self.reading.problem(f"`{name}` is no host name", *path, hint=hint)

    def _value(self, i: int, key: str) -> tuple[str | None, Path]:
        """What holds for node `i`, and where that is said."""
        own = getattr(self.model.nodes[i], key)
        if own is not None:
            return own, ("nodes", i, key)
        return getattr(self.model.defaults, key), ("defaults", key)

    def _said(self, i: int, key: str, name: str) -> str | None:
        """The board or the network of node `i`, which must have one; None when it is not a known one."""
        value, path = self._value(i, key)
        if value is None:
            hint = f"write `{key}:` here, or under `defaults:`"
            self.reading.problem(f"`{name}` has no {key}", "nodes", i, hint=hint)
            return None
        among = boards.names() if key == "board" else list(self.model.networks)
        self.reading.known(value, among, key, *path)
        return value if value in (among if key == "board" else self.networks) else None

    def _fit(self, i: int, name: str, board: str | None, network: str | None) -> None:
        """Refuse a board on a network that it cannot be on."""
        if board is None or network is None or self.networks[network].wireless or boards.load(board).ethernet:
            return
        own, path = self._value(i, "board")[1], self._value(i, "network")[1]
        at = own if own[0] == "nodes" else path
        who = f"`{name}` is" if at[0] == "nodes" else "the nodes are"
        self.reading.problem(
            f"{who} a `{board}`, which has no Ethernet, and the network `{network}` is no Wi-Fi",
            *at,
            hint="put it on a network that says `wireless: true`, or name another board",
        )

    def _address(self, i: int, name: str, network: str | None, first: bool) -> IPv4Address | None:
        said = self.model.nodes[i]
        own = self.reading.address(said.address, "nodes", i, "address")
        if network is None or (said.address is not None and own is None):
            return None
        where = self.networks[network]
        address = own or counted(where, said.number)
        at = ("nodes", i, "address" if own else "number")
        if address is None:
            why = "it names no `first`" if where.first is None else f"`{where.subnet}` does not reach so far"
            hint = "give the node an `address`"
            self.reading.problem(f"`{name}` has no address on `{network}`: {why}", *at, hint=hint)
            return None
        if not holds(where.subnet, address):
            message = f"`{address}` of `{name}` is no address of the network `{network}`, `{where.subnet}`"
            self.reading.problem(message, *at)
        if first or own:
            self.reading.alone("address", str(address), *at)
        return address
