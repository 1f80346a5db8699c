# SPDX-License-Identifier: Apache-2.0
"""What the program that flashes a card is told, format 1. Pure.

The node's identity is not in it: the system that flashes has it from the head already, and hands it on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from builder.rollout.plan import Asked, Plan

FORMAT = 1
DEVICE = "/dev/mmcblk0"
IDENTITY = (
    *("etc/hostname", "etc/machine-id"),
    *("etc/ssh/ssh_host_ed25519_key", "etc/ssh/ssh_host_ed25519_key.pub"),
    *("etc/nodebake/node", "etc/nodebake/allowed_signers", "etc/nodebake/revoked_signers"),
)
"""Files of the running system that make a node this node, as the head wrote them."""

MANY = 3
"""Nodes of a wave from which on they hand on to each other what they have: two fill no wire of the head's."""


@dataclass(frozen=True)
class Wish:
    """What the operator wants. `secrets` are the site's, by name, in base64: no journal has them."""

    asked: Asked = field(default_factory=Asked)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)

    def swarms(self, plan: Plan, node: str) -> bool:
        """Whether a node takes from others what they have, and not all of it from the head."""
        together = next((len(wave) for wave in plan.waves if node in wave), 0)
        transport = self.asked.transport
        return transport == "swarm" or (transport == "auto" and together >= MANY)


def order(
    node: str,
    board: str,
    release: str,
    url: str,
    wish: Wish,
    *,
    swarm: bool = False,
    from_card: bool = False,
) -> dict[str, Any]:
    """The order for a node; `url` is what releases are served behind.

    `from_card`: it boots from nothing but its card, on which its flasher is a guest.
    """
    return {
        "format": FORMAT,
        "node": node,
        "board": board,
        "release": release,
        "source": f"{url}/{release}/",
        "device": DEVICE,
        "signers": "/etc/nodebake/allowed_signers",
        "revoked": "/etc/nodebake/revoked_signers",
        "identity": {"root": "/", "files": list(IDENTITY)},
        "secrets": dict(wish.secrets),
        "take_card": wish.asked.take_card,
        "keep_data": wish.asked.keep_data,
        "older": wish.asked.older,
        "swarm": swarm,
        **({"held": False, "boot_last": True} if from_card else {}),
    }
