# SPDX-License-Identifier: Apache-2.0
"""Which package a path came with, by dpkg's own lists. Pure."""

from __future__ import annotations

from collections.abc import Mapping

INFO = "var/lib/dpkg/info/"
LIST = ".list"
# Where dpkg's lists may still say what a merged /usr has elsewhere.
_MERGED = ("bin/", "sbin/", "lib/")


def owners(lists: Mapping[str, str]) -> dict[str, str]:
    """Path → package, from the texts of `var/lib/dpkg/info/*.list` by their paths.

    What dpkg keeps of a package counts as that package's, but for the list, which the build wrote.
    """
    found: dict[str, str] = {}
    for path, text in lists.items():
        package = package_of(path)
        for line in text.splitlines():
            name = line.lstrip("/")
            found[f"usr/{name}" if name.startswith(_MERGED) else name] = package
    return found


def package_of(info: str) -> str:
    """The package that a file below dpkg's info directory is about."""
    return info.removeprefix(INFO).rpartition(".")[0].partition(":")[0]
