# SPDX-License-Identifier: Apache-2.0
"""The shape of `cluster.yaml`: which machines there are, and where."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, Tag, field_validator

from builder.cluster.ssh_file import SshModel
from builder.recipe.either import by_type
from builder.recipe.strict import Strict

# `7` is a whole number to YAML, `1-15` a string, and a list may be easier to read.
Nodes = Annotated[
    Annotated[str, Tag("<word>")] | Annotated[int, Tag("<number>")] | Annotated[list[str], Tag("<list>")],
    by_type(str, int, list),
]


class HeadModel(Strict):
    """The machine that the nodes boot from."""

    name: str = Field(description="its host name")
    board: str = Field(description="what it is")
    address: str = Field(description="its IPv4 address on the cluster's side")
    outside: str | None = Field(None, description="its IPv4 address on the other side")
    user: str = Field("pi", description="who logs in there, and owns the maker's programs")
    power: str | None = Field(None, description="a name under `power`: what switches the mains")


class NetworkModel(Strict):
    """A network that nodes are on."""

    subnet: str = Field(description="as in `10.42.0.0/24`")
    first: str | None = Field(None, description="node N has this address + (N - 1)")
    wireless: bool = Field(False, description="Wi-Fi, and not Ethernet")
    via: Literal["head"] | None = Field(
        None, description="`head`: its nodes are logged in to by way of the head, from wherever"
    )


class DefaultsModel(Strict):
    """What holds for every node that does not say otherwise."""

    board: str | None = Field(None, description="what the nodes are")
    network: str | None = Field(None, description="a name under `networks`")
    power: str | None = Field(None, description="a name under `power`")
    recipe: str | None = Field(None, description="what they run")


class NodeModel(Strict):
    """A node; its number is its place in the rack."""

    number: int = Field(ge=1, le=9999, description="from 1")
    name: str | None = Field(None, description="host name; else `node07`")
    mac: str | None = Field(None, description="MAC address; `nodebake nodes discover` finds it")
    serial: str | None = Field(None, description="serial number, 8 or 16 hex digits, in quotes")
    board: str | None = Field(None, description="what it is")
    network: str | None = Field(None, description="a name under `networks`")
    address: str | None = Field(None, description="IPv4 address, when it is not the counted one")
    groups: list[str] = Field([], description="groups it is in, besides those under `groups`")
    recipe: str | None = Field(None, description="what it runs")
    power: str | None = Field(None, description="a name under `power`")


class ClusterFile(Strict):
    """cluster.yaml: the head, the networks, the nodes."""

    format: Literal[1] = Field(description="the format of this file")
    head: HeadModel = Field(description="the machine that the nodes boot from")
    networks: dict[str, NetworkModel] = Field(min_length=1, description="name to network")
    bars: dict[str, str | int] = Field(
        {}, description="name to numbers of up to 15 places, as in `A: 1-15`; a group `@barA` each"
    )
    groups: dict[str, Nodes] = Field({}, description="name to nodes: a word, or a list of words")
    power: dict[str, Any] = Field({}, description="name to driver and its settings")
    ssh: SshModel = Field(SshModel.model_construct(), description="how nodes and head are logged in to")
    defaults: DefaultsModel = Field(
        DefaultsModel.model_construct(), description="what holds for every node that does not say otherwise"
    )
    nodes: list[NodeModel] = Field([], description="the nodes, in any order")

    @field_validator("bars", "groups", mode="before")
    @classmethod
    def _comma(cls, given: Any) -> Any:
        if isinstance(given, dict) and any(value is None for value in given.values()):
            raise ValueError("in `{…}` a comma ends the value: put `17-22,24-29` in quotes")
        return given

    @field_validator("nodes", mode="before")
    @classmethod
    def _nothing(cls, given: Any) -> Any:
        """`nodes:` with nothing below it, as it is when all lines were deleted."""
        return [] if given is None else given
