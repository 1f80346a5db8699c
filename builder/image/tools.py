# SPDX-License-Identifier: Apache-2.0
"""What image making asks of its surroundings: running mke2fs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol


class Tools(Protocol):
    """Runs a program that is found by name; the paths in `argv` are valid where it runs.

    The environment given is the whole one but for PATH. Raises a NodebakeError when it fails.
    """

    def run(self, argv: Sequence[str], *, env: Mapping[str, str]) -> None:
        """Run it to its end."""


def fixed_environment(epoch: int) -> dict[str, str]:
    """The environment in which the tools give the same bytes on every machine."""
    return {
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "SOURCE_DATE_EPOCH": str(epoch),
        # mke2fs before 1.47.1 knows only this one.
        "E2FSPROGS_FAKE_TIME": str(epoch),
        "HOME": "/nonexistent",
    }
