# SPDX-License-Identifier: Apache-2.0
"""Each folder here is a project, and `expected.txt` is the plan of its recipe `x`.

The lock is made up, so only what the recipe says shows. To write expected.txt anew: NODEBAKE_GOLDEN=write.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from builder.host.sources import FolderSources
from builder.plan.plan import Plan, make
from builder.recipe.resolve import resolve
from tests.unit.lock.samples import lock, locked

HERE = Path(__file__).parent
CASES = sorted(path.name for path in HERE.iterdir() if (path / "recipes").is_dir())
LOCK = lock(locked("apt", essential=True), locked("linux-image-arm64"))


def shown(plan: Plan) -> str:
    """The plan as text that a reviewer can read: no hashes but those that stand for other steps."""
    numbers = {step.id: str(n) for n, step in enumerate(plan.steps, 1)}
    lines = []
    for n, step in enumerate(plan.steps, 1):
        lines.append(f"{n} {step.kind}: {step.label}")
        lines.append(f"    below {' '.join(numbers[i] for i in step.below) or '-'}")
        lines.append(f"    helper {numbers.get(step.helper, '-')}")
        lines += [f"    {key} {value}" for key, items in step.inputs.items() for value in _values(items)]
    lines += [f"output {made.output.name}" for made in plan.outputs]
    return "\n".join(lines) + "\n"


def _values(value: Any) -> Iterator[str]:
    if not isinstance(value, list):
        # Of a whole file, that it is there: the tests of what makes it show the rest.
        yield f"{value.count(chr(10))} lines" if "\n" in str(value) else str(value)
        return
    for item in value:
        if isinstance(item, dict):
            yield " ".join(str(part) for part in (item.get("is"), _name(item)) if part)
        else:
            yield " ".join(item) if isinstance(item, list) else str(item)[:12]


def _name(item: dict[str, Any]) -> str:
    found = item.get("path") or item.get("name") or item.get("unit") or item["source"]
    return str(found["source"]) if isinstance(found, dict) else str(found)


@pytest.mark.parametrize("case", CASES)
def test_plan(case: str) -> None:
    text = shown(make(resolve(FolderSources(HERE / case), "x", {}), LOCK, "amd64"))
    expected = HERE / case / "expected.txt"
    if os.environ.get("NODEBAKE_GOLDEN") == "write":
        expected.write_text(text)
    assert text == expected.read_text()


def test_the_other_engine_is_another_step_in_the_same_place() -> None:
    recipe = resolve(FolderSources(HERE / "least"), "x", {})
    native = shown(make(recipe, LOCK, "amd64"))
    assert shown(make(recipe, LOCK, "amd64", "mmdebstrap")) == native.replace("2 packages:", "2 mmdebstrap:")
