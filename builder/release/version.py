# SPDX-License-Identifier: Apache-2.0
"""What a release is called."""

from __future__ import annotations

from datetime import UTC, datetime


def version(epoch: int, plan_id: str) -> str:
    """`YYYYMMDD-xxxxxxxx`: the day of the newest archive (UTC) and the head of the plan's hex id."""
    return f"{datetime.fromtimestamp(epoch, UTC):%Y%m%d}-{plan_id[:8]}"
