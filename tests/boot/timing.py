# SPDX-License-Identifier: Apache-2.0
"""How long boots took, in seconds."""

from __future__ import annotations

BOOTS: dict[str, float] = {}
