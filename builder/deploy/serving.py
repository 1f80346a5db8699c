# SPDX-License-Identifier: Apache-2.0
"""Serving releases to nodes that are flashed, by the head or from here, as long as somebody wants it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from builder.deploy.remote import Head, kept
from builder.errors import NodebakeError
from builder.flash.agent import release as flashed
from builder.head.served.serving import serving


@contextmanager
def served(head: Head, release: str, *, also: Sequence[str] = (), sudo: bool) -> Iterator[str]:
    """The URL behind which the head serves releases while the body runs. Raises Failed with what it tells.

    Those of `also` it serves if it holds their images.
    """
    more = ["--also", ",".join(also)] if also else []
    with kept(head, "serve", release, *more, sudo=sudo) as answer:
        yield str(answer["url"])


@contextmanager
def served_here(root: Path, release: str, also: Sequence[str] = ()) -> Iterator[str]:
    """The URL on this machine's loopback behind which it serves releases of `root` while the body runs.

    Those of `also` it serves if they are there. Raises NodebakeError where the release is not.
    """
    offered: dict[str, Path] = {}
    for label in (release, *also):
        folder = root / label
        if (folder / "manifest.json").is_file():
            found = flashed.parse((folder / "manifest.json").read_bytes())
            names = ("manifest.json", "manifest.json.sig", found.image, found.index)
            offered |= {f"/{label}/{name}": folder / name for name in names if (folder / name).is_file()}
        elif label == release:
            raise NodebakeError(f"`{folder}` is not there", hint="build the release again, or begin anew")
    with serving("127.0.0.1", 0, offered) as url:
        yield url
