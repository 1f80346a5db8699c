# SPDX-License-Identifier: Apache-2.0
"""`nodebake shell`: which step's tree, and what has to be built for it."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from builder.cli.shell import require_below, step_number
from builder.errors import RecipeError
from builder.plan.step import Step

STEPS = (
    Step("helper", 1, "native tools", {}),
    Step("packages", 1, "2 packages", {}, (), "h"),
    Step("firmware", 1, "boot", {}, ("p",), "h"),
    Step("finish", 1, "same bytes", {}, ("p", "f"), "h"),
)
PLAN = SimpleNamespace(steps=STEPS, recipe=SimpleNamespace(name="mine"))


@pytest.mark.parametrize(("asked", "number"), [(None, 4), (4, 4), (3, 3)])
def test_the_last_step_or_the_one_asked_for(asked: int | None, number: int) -> None:
    assert step_number(asked, PLAN) == number  # type: ignore[arg-type]


@pytest.mark.parametrize("asked", [-1, 0, 1, 2, 5])
def test_a_step_that_sees_no_tree(asked: int) -> None:
    with pytest.raises(RecipeError) as caught:
        step_number(asked, PLAN)  # type: ignore[arg-type]
    assert caught.value.render() == (
        f"error: step {asked} of `mine` sees no tree\nhint: steps 3 to 4 do; `nodebake plan mine` lists them"
    )


def test_what_is_below_must_be_built() -> None:
    packages = STEPS[1]
    step = Step("finish", 1, "same bytes", {}, (packages.id,), STEPS[0].id)
    plan = SimpleNamespace(steps=(STEPS[0], packages, step), recipe=PLAN.recipe)
    store = SimpleNamespace(has=lambda identity: identity == STEPS[0].id)
    with pytest.raises(RecipeError) as caught:
        require_below(3, plan, SimpleNamespace(workshop=SimpleNamespace(store=store)))  # type: ignore[arg-type]
    assert caught.value.render() == (
        "error: `mine` has not been built as far as step 3\n"
        "  there is no packages  2 packages\n"
        "hint: nodebake build mine"
    )
