# SPDX-License-Identifier: Apache-2.0
"""The cards in nodes' slots, as nodes tell of them. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from builder.fleet.node import pairs
from builder.fleet.order import Outcome
from builder.report import units

LABEL = "nodebake-docker"
"""The file system of docker's data, by which the node mounts it."""


@dataclass(frozen=True)
class SlotCard:
    """A card. `size` in bytes; `wear` as the card tells it, mostly empty; `parts` are `DEVICE TYPE LABEL`.

    `docker` is the partition with docker's data; `bootable` says that a Pi would start from it.
    """

    device: str
    size: int
    cid: str = ""
    model: str = ""
    wear: str = ""
    read_only: bool = False
    mounted: str = ""
    root: bool = False
    empty: bool = False
    bootable: bool = False
    docker: str = ""
    parts: tuple[str, ...] = ()


def read(outcome: Outcome) -> SlotCard | None:
    """A node's answer; None when it has told of no card."""
    told = list(pairs(outcome.stdout))
    one = dict(told)
    if not one.get("size", "").isdigit():
        return None
    return SlotCard(
        device=one.get("card", ""),
        size=int(one["size"]),
        cid=one.get("cid", ""),
        model=one.get("model", ""),
        wear=one.get("wear", ""),
        read_only="read_only" in one,
        mounted=one.get("mounted", ""),
        root="root" in one,
        empty="empty" in one,
        bootable="bootable" in one,
        docker=one.get("docker", ""),
        parts=tuple(value for key, value in told if key == "part"),
    )


def words(card: SlotCard) -> Iterator[str]:
    """What people want to know of it, the worst first."""
    yield f"{units.size(card.size)} {card.model}".rstrip()
    if card.read_only:
        yield "can only be read"
    if card.root:
        yield "the node's root is on it"
    if card.bootable:
        yield "the node boots from it, and not over the network"
    if card.docker:
        yield f"docker's data on {card.docker}"
    elif card.empty:
        yield "empty"
    else:
        yield " + ".join(" ".join(part.split()[1:]) or "unknown" for part in card.parts) or "unknown content"
    if card.mounted:
        yield f"mounted at {card.mounted}"
    if card.wear:
        yield f"wear {card.wear}"
    if card.cid:
        yield f"CID {card.cid}"
