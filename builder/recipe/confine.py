# SPDX-License-Identifier: Apache-2.0
"""Paths of the tree: normalised, inside it, and not over the links of a merged /usr."""

from __future__ import annotations

# What Debian's base-files ships as links. Writing a directory in their place breaks the tree.
LINKS = {
    "bin": "usr/bin",
    "sbin": "usr/sbin",
    "lib": "usr/lib",
    "lib32": "usr/lib32",
    "lib64": "usr/lib64",
    "libx32": "usr/libx32",
    "var/run": "run",
    "var/lock": "run/lock",
}


def confine(path: str) -> str:
    """`path` as the tree's relative path, a leading slash dropped; ValueError when it leaves the tree."""
    if "\0" in path or "\n" in path:
        raise ValueError("the path holds a character that no path may hold")
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise ValueError(f"the path `{path}` leaves its tree")
    if not parts:
        raise ValueError(f"the path `{path}` names nothing in the tree")
    return "/".join(parts)


def link_stays(path: str, target: str) -> bool:
    """Whether a link at `path` points into the tree. Absolute targets are read from the tree's root."""
    depth = 0 if target.startswith("/") else path.count("/")
    for part in target.split("/"):
        if part == "..":
            depth -= 1
        elif part not in ("", "."):
            depth += 1
        if depth < 0:
            return target.startswith("/")  # `/..` is `/`
    return bool(target)


def over_link(path: str) -> tuple[str, str] | None:
    """(link, path to write instead) when writing `path` would replace a link of the base."""
    for link, real in LINKS.items():
        if path == link or path.startswith(link + "/"):
            return link, real + path[len(link) :]
    return None
