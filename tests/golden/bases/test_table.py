# SPDX-License-Identifier: Apache-2.0
"""Every recipe of this checkout on every base and board: planned, or refused with the reason.

`expected.txt` has a line for each. To write it anew: NODEBAKE_GOLDEN=write.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from builder.base import definition as bases
from builder.board import definition as boards
from builder.errors import Problems
from builder.plan.plan import make
from builder.recipe.resolve import names, resolve
from builder.recipe.sources import DictSources
from tests.unit.lock.samples import lock, locked
from tests.unit.recipe.project import SITE

ROOT = Path(__file__).parents[3]
EXPECTED = Path(__file__).with_name("expected.txt")
LOCK = lock(locked("apt", essential=True))
WIFI = "wifi: {ssid: cluster, country: DE, psk: {secret: wifi}}\nsecrets: {wifi: {file: keys/wifi}}\n"


def lines() -> Iterator[str]:
    folders = (ROOT / "recipes", ROOT / "overlays")
    paths = (path for folder in folders for path in folder.rglob("*") if path.is_file())
    files: dict[str, bytes | str] = {str(path.relative_to(ROOT)): path.read_bytes() for path in paths}
    sources = DictSources({**files, "site.yaml": SITE + WIFI})
    for recipe in sorted(names(sources)):
        for base in bases.names():
            for board in boards.names():
                yield f"{recipe} {base} {board}: {_answer(sources, recipe, base, board)}"


def _answer(sources: DictSources, recipe: str, base: str, board: str) -> str:
    try:
        found = resolve(sources, recipe, {"base": base, "boards": board})
    except Problems as several:
        return "; ".join(f"refused: {problem.message}" for problem in several.problems)
    plan = make(found, LOCK, "amd64")
    kernels = ", ".join(kernel.package for kernel in found.kernels)
    consoles = " ".join(plan.tree[1].inputs["consoles"])
    return f"{len(plan.steps)} steps, {kernels}, {consoles}"


def test_every_recipe_on_every_base_and_board() -> None:
    text = "".join(f"{line}\n" for line in lines())
    if os.environ.get("NODEBAKE_GOLDEN") == "write":
        EXPECTED.write_text(text)
    assert text == EXPECTED.read_text()
