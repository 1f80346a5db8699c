# SPDX-License-Identifier: Apache-2.0
"""What a delivery consists of, by kind of output, one file each."""

from __future__ import annotations

from builder.build.outcome.image import ImageOutcome
from builder.build.outcome.netboot import NetbootOutcome
from builder.recipe.recipe import ImageOutput, Output

Outcome = ImageOutcome | NetbootOutcome


def outcome(output: Output, stem: str) -> Outcome:
    """What the delivery of `output` consists of; `stem` begins the names of its files."""
    if isinstance(output, ImageOutput):
        return ImageOutcome(output, stem)
    return NetbootOutcome(output, stem)
