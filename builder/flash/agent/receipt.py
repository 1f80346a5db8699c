# SPDX-License-Identifier: Apache-2.0
"""The receipt: what was done to a card; JSON, format 1."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

FORMAT = 1


@dataclass(frozen=True)
class Receipt:
    """Sizes in bytes: `compared` were read and looked at, `moved` came over the network, `from_nodes` of that
    from other nodes, `to_nodes` were handed on to them, `written` went to the card. `former` is the release
    that was on the card, `signer` who signed the new one; either may be empty.
    """

    outcome: Literal["written", "same"]
    node: str
    release: str
    former: str
    signer: str
    device: str
    serial: str
    mac: str
    cid: str
    compared: int
    moved: int
    written: int
    seconds: float
    from_nodes: int = 0
    to_nodes: int = 0


def told(receipt: Receipt) -> dict[str, Any]:
    """The receipt as JSON has it."""
    return {"format": FORMAT, **asdict(receipt)}
