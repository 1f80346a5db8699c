# SPDX-License-Identifier: Apache-2.0
"""`state/holds.json`, format 1: nodes that are not to be switched off, deployed to or rolled out to."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from builder.errors import NodebakeError
from builder.head.ground import files
from builder.head.ground.layout import Layout

FORMAT = 1


@dataclass(frozen=True)
class Hold:
    """A held node: by whom, and why. Times are seconds since 1970; `until` is 0 where nothing ends it."""

    node: str
    by: str
    reason: str
    since: int
    until: int = 0


def present(layout: Layout, now: int) -> tuple[Hold, ...]:
    """Those that hold at `now`, by node."""
    try:
        text = _path(layout).read_text(encoding="utf-8")
    except FileNotFoundError:
        return ()
    return tuple(hold for hold in parse(text) if not hold.until or hold.until > now)


def parse(text: str) -> tuple[Hold, ...]:
    """The inverse of :func:`dump`. Raises NodebakeError."""
    try:
        data = json.loads(text)
        if data.get("format") != FORMAT:
            raise NodebakeError(
                f"holds of format `{data.get('format')}` cannot be read",
                facts=[f"this nodebake-head reads format {FORMAT}"],
            )
        return tuple(Hold(**each) for each in data["holds"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NodebakeError(
            "the list of held nodes is damaged",
            facts=[f"{type(error).__name__}: {error}"],
            hint="remove `state/holds.json` on the head: then no node is held",
        ) from error


def dump(holds: Iterable[Hold]) -> str:
    """A hold a line, by node."""
    rows = ",\n".join(f"  {json.dumps(asdict(hold))}" for hold in sorted(holds, key=lambda each: each.node))
    return f'{{"format": {FORMAT},\n "holds": [\n{rows}\n]}}\n'


def hold(layout: Layout, new: Sequence[Hold], now: int) -> None:
    """Add holds; one of the same node is replaced."""
    fresh = {each.node for each in new}
    _keep(layout, [*(each for each in present(layout, now) if each.node not in fresh), *new])


def release(layout: Layout, nodes: Sequence[str], now: int) -> tuple[Hold, ...]:
    """End the holds of these nodes; those that there were."""
    held = present(layout, now)
    _keep(layout, [each for each in held if each.node not in nodes])
    return tuple(each for each in held if each.node in nodes)


def _keep(layout: Layout, holds: Sequence[Hold]) -> None:
    files.write(_path(layout), dump(holds), lasting=True)


def _path(layout: Layout) -> Path:
    return layout.state / "holds.json"
