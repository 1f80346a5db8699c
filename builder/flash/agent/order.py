# SPDX-License-Identifier: Apache-2.0
"""The order: which release goes onto which device, for whom; JSON, format 1."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from builder.errors import RecipeError

FORMAT = 1


@dataclass(frozen=True)
class Identity:
    """What makes a card a node's: `files` below `root`, as far as they are there, and `secrets` by name.

    `texts` are files that are nowhere yet, by path; everybody may read them.
    """

    root: str = "/"
    files: tuple[str, ...] = ()
    secrets: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    texts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Order:
    """`source` is a URL that ends in a slash; `release` is RECIPE/VERSION.

    `held`: the card does not boot by itself until it has earned that. `take_card`: also a card with something
    foreign on it; `older`: also when the card holds a later release; `keep_data`: docker's partition stays;
    `swarm`: it takes from other nodes what they have, and hands on what it has; `boot_last`: the flasher was
    booted from this card, and goes on being until all else is written.
    """

    node: str
    release: str
    source: str
    device: str
    board: str
    signers: str
    revoked: str = ""
    identity: Identity = Identity()
    held: bool = True
    take_card: bool = False
    older: bool = False
    keep_data: bool = False
    swarm: bool = False
    boot_last: bool = False


def parse(text: str | bytes) -> Order:
    """An order from JSON. Raises RecipeError that names what is wrong with it."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RecipeError("the order is not JSON", facts=[str(error)]) from error
    if not isinstance(data, dict) or data.pop("format", None) != FORMAT:
        raise RecipeError(
            "the order is of a format that this flasher does not read",
            facts=[f"it reads format {FORMAT}"],
            hint="let `nodebake deploy` bring the flasher that belongs to it",
        )
    identity, secrets = data.pop("identity", {}), data.pop("secrets", {})
    try:
        order = Order(
            **data,
            identity=Identity(
                identity.get("root", "/"),
                tuple(identity.get("files", ())),
                {name: base64.b64decode(value, validate=True) for name, value in secrets.items()},
                dict(identity.get("texts", {})),
            ),
        )
    except (TypeError, ValueError, AttributeError) as error:
        raise RecipeError(
            "the order is not whole", facts=[str(error).removeprefix("Order.__init__() ")]
        ) from error
    if faults := _faults(order):
        raise RecipeError("the order is not whole", facts=faults)
    return order


def _faults(order: Order) -> list[str]:
    texts = ("node", "release", "source", "device", "board", "signers", "revoked")
    flags = ("held", "take_card", "older", "keep_data", "swarm", "boot_last")
    values: dict[str, Any] = {name: getattr(order, name) for name in (*texts, *flags)}
    faults = [f"{name}: a text is wanted" for name in texts if not isinstance(values[name], str)]
    faults += [f"{name}: true or false is wanted" for name in flags if not isinstance(values[name], bool)]
    if order.swarm and order.boot_last:
        faults.append("swarm: not with boot_last")
    given = [order.identity.root, *order.identity.texts.values()]
    faults += ["identity: a text is wanted" for value in given if not isinstance(value, str)]
    paths = [*order.identity.files, *order.identity.secrets, *order.identity.texts]
    return faults + [f"identity: `{path}` leads out of the root" for path in paths if not _inside(path)]


def _inside(path: object) -> bool:
    return isinstance(path, str) and bool(path) and not path.startswith("/") and ".." not in path.split("/")
