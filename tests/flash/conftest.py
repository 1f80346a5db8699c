# SPDX-License-Identifier: Apache-2.0
"""A signed release behind HTTP, as the head serves it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from builder.flash.agent.order import Order
from builder.flash.agent.receipt import Receipt
from builder.flash.agent.work import carry_out
from builder.head.served.serving import serving
from tests.flash.ground import Tiny, make_key, offered, order

# CI's ordinary user leaves what is root's to `make boot-test`, which CI runs as root.
collect_ignore = ["test_program.py"] if os.environ.get("CI") and os.geteuid() else []


class Ground:
    """Releases, made and served when they are asked for."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        self.key = make_key(folder / "keys")
        self._stack = stack
        self._served: dict[Path, str] = {}
        self.told: list[tuple[str, int, int]] = []

    @property
    def signers(self) -> Path:
        return self.folder / "keys/signers"

    def order(self, tiny: Tiny, card: Path, root: Path | None = None) -> Order:
        place = self.folder / "releases" / tiny.label
        if not place.exists():
            tiny.make(self.folder / "releases", self.key)
        return order(tiny, self.serve(place), card, self.signers, root)

    def serve(self, place: Path) -> str:
        if place not in self._served:
            server = serving("127.0.0.1", 0, offered(place))
            self._served[place] = self._stack.enter_context(server)
        return self._served[place]

    def flash(self, given: Order) -> Receipt:
        return carry_out(given, lambda *told: self.told.append(told))


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    with ExitStack() as stack:
        yield Ground(tmp_path, stack)
