# SPDX-License-Identifier: Apache-2.0
"""The former plan of a recipe, kept to say why a step is not cached."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from builder.host.files import replace_text
from builder.plan.plan import Plan
from builder.plan.step import Step, digest

FORMAT = 1
_MOST = 4
_NAMES = ("path", "name", "unit", "source", "is")


def remember(path: Path, plan: Plan, parts: Sequence[str] = ()) -> None:
    """Write down what `plan` was made of, as names and hashes; `parts` are further objects of its outputs."""
    steps = {_slot(plan, n): {"id": step.id, "inputs": _named(step)} for n, step in enumerate(plan.steps)}
    steps |= {f"part {n}": {"id": part, "inputs": {}} for n, part in enumerate(parts)}
    replace_text(path, json.dumps({"format": FORMAT, "steps": steps}) + "\n")


def reasons(path: Path, plan: Plan, step: Step) -> list[str]:
    """Why `step`, which the store lacks, is not the one of the former plan; a few words each."""
    try:
        former = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return ["never built here"]
    if not isinstance(former, dict):
        return ["never built here"]
    if former.get("format") != FORMAT:
        return ["never built by this version"]
    slot = _slot(plan, plan.steps.index(step))
    known = former["steps"].get(slot)
    if known is None:
        return ["new in the recipe"]
    if known["id"] == step.id:
        return ["its result is no longer in the store"]
    found = list(_differences(known["inputs"], _named(step)))
    if not found:
        return ["a step below it has changed"]
    more = [f"and {len(found) - _MOST} more"] if len(found) > _MOST else []
    return [*found[:_MOST], *more]


def _slot(plan: Plan, number: int) -> str:
    """A step's place in its plan that outlives a change: its kind, and the how-manieth of it."""
    kind = plan.steps[number].kind
    return f"{kind} {sum(step.kind == kind for step in plan.steps[:number])}"


def _named(step: Step) -> dict[str, str]:
    """The step's inputs as name → short hash."""
    named = {"revision of the step kind": str(step.version)}
    for key, value in step.inputs.items():
        if isinstance(value, list):
            named.update((f"{key} {_name(item)}", digest(item)[:12]) for item in value)
        else:
            named[key] = digest(value)[:12]
    return named


def _name(item: Any) -> str:
    """What a person calls one of a step's inputs."""
    if isinstance(item, dict):
        return _name(next((item[key] for key in _NAMES if item.get(key)), ""))
    if isinstance(item, list):
        return " ".join(part for part in item if part and isinstance(part, str))
    return str(item)


def _differences(old: dict[str, str], new: dict[str, str]) -> Iterator[str]:
    for name in sorted(old.keys() | new.keys()):
        if name not in old:
            yield f"new: {name}"
        elif name not in new:
            yield f"gone: {name}"
        elif old[name] != new[name]:
            yield f"changed: {name}"
