# SPDX-License-Identifier: Apache-2.0
"""One file of a recipe's chain, as resolving sees it."""

from __future__ import annotations

from dataclasses import dataclass

from builder.recipe.document import Document
from builder.recipe.recipe_file import RecipeFile


@dataclass(frozen=True)
class Part:
    """One file of the chain, rendered and of the right shape; `source` is for origins."""

    source: str
    document: Document
    model: RecipeFile
