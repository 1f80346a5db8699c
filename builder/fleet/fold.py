# SPDX-License-Identifier: Apache-2.0
"""Outcomes as people read them: equal ones once, under the names of all that they are of. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from builder.cluster.words import fold
from builder.errors import NodebakeError
from builder.fleet.order import Outcome

_FACTS = 12  # lines on what failed; more would hide the first


@dataclass(frozen=True)
class Same:
    """Machines of which the same came."""

    names: tuple[str, ...]
    stdout: str
    stderr: str
    trouble: str


def folded(outcomes: Iterable[Outcome]) -> list[Same]:
    """Equal outcomes together, in the order of the first of each."""
    found: dict[tuple[str, str, str], list[Outcome]] = {}
    for each in outcomes:
        found.setdefault((each.stdout, each.stderr, _of_any(each)), []).append(each)
    return [
        Same(tuple(each.name for each in those), *key[:2], key[2] if len(those) > 1 else those[0].trouble)
        for key, those in found.items()
    ]


def _of_any(outcome: Outcome) -> str:
    """Its trouble without its name, as it may be that of several."""
    return outcome.trouble.replace(f"`{outcome.name}`", "it")


def lines(same: Same, total: int) -> Iterator[str]:
    """A heading with the names, then all that they said; stderr is marked, for it stands in between."""
    count = f" ({len(same.names)} of {total})" if total > 1 else ""
    trouble = f": {same.trouble}" if same.trouble else ""
    yield f"--- {fold(same.names)}{count}{trouble}"
    yield from same.stdout.splitlines()
    yield from (f"! {line}" for line in same.stderr.splitlines())


def failure(outcomes: Sequence[Outcome], *, shown: bool = True) -> NodebakeError | None:
    """The one error that says how many failed and why; None when none did.

    Where outputs are not `shown`, it has the last line of what came on stderr.
    """
    failed = [each for each in outcomes if not each.well]
    if not failed:
        return None
    last = {each.name: "" if shown else each.stderr.strip().rpartition("\n")[2] for each in failed}
    groups = folded(Outcome(each.name, each.exit, stderr=last[each.name], why=each.why) for each in failed)
    facts = [f"{fold(same.names)}: {': '.join(filter(None, (same.trouble, same.stderr)))}" for same in groups]
    if len(facts) > _FACTS:
        facts = [*facts[:_FACTS], f"and {len(facts) - _FACTS} more reasons"]
    hint = next((each.hint for each in failed if each.hint), None)
    return NodebakeError(f"{len(failed)} of {len(outcomes)} nodes failed", facts=facts, hint=hint)


def as_json(outcome: Outcome) -> dict[str, Any]:
    """An outcome for programs."""
    return {
        "node": outcome.name,
        "exit": outcome.exit,
        "why": outcome.why,
        "stdout": outcome.stdout,
        "stderr": outcome.stderr,
        "seconds": round(outcome.seconds, 3),
    }
