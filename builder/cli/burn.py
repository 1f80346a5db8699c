# SPDX-License-Identifier: Apache-2.0
"""`nodebake burn`: `nodebake write` by the name that others have for it."""

from builder.cli.write import run

__all__ = ["run"]
