# SPDX-License-Identifier: Apache-2.0
"""Small stores."""

from __future__ import annotations

import json
import os

from builder.build.delta import scan
from builder.store.held import Fetched, Held
from builder.store.store import Store
from builder.tree.entry import dump


def held(name: str, *below: str, size: int = 10, used: float = 0, recipes: tuple[str, ...] = ()) -> Held:
    """An object that stands on others."""
    return Held(name, "files", f"label of {name}", size, used, below, recipes)


def deb(name: str, *, size: int = 10, used: float = 0) -> Fetched:
    """A package file."""
    return Fetched("deb", name, size, used)


def put(store: Store, identity: str, files: dict[str, str], *below: str, used: float = 1000) -> None:
    """An object as a build leaves it."""
    delta = store.delta(identity)
    delta.mkdir(parents=True)
    for path, text in files.items():
        (delta / path).parent.mkdir(parents=True, exist_ok=True)
        (delta / path).write_text(text)
    store.listing(identity).write_text(dump(scan(delta, 1000, 1)))
    step = {"id": identity, "kind": "files", "label": f"label of {identity}", "below": below, "helper": ""}
    (store.object(identity) / "step").write_text(json.dumps(step))
    os.utime(store.object(identity), (used, used))
