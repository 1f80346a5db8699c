# SPDX-License-Identifier: Apache-2.0
"""How long boots took, in seconds, and what they took."""

from __future__ import annotations

BOOTS: dict[str, float] = {}
FIGURES: dict[str, int] = {}
"""What was counted, in bytes."""
