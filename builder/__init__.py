# SPDX-License-Identifier: Apache-2.0
"""nodebake: recipe → lock → plan → build → release, for Raspberry Pi clusters."""

__version__ = "0.1.0"
