# SPDX-License-Identifier: Apache-2.0
"""The builds of the long comparisons."""

from __future__ import annotations

from tests.fixtures import site

__all__ = ["site"]
