# SPDX-License-Identifier: Apache-2.0
"""What the boot tests share."""

from __future__ import annotations

from tests.fixtures import site

__all__ = ["site"]
