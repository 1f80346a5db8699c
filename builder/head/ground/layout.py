# SPDX-License-Identifier: Apache-2.0
"""Where everything lies on the head: all of it below two folders, so that tests have their own."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from builder.errors import RecipeError

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,99}")
"""What a recipe, a version, a node, an instance or an artifact may be called: one part of a path."""


@dataclass(frozen=True)
class Layout:
    """The head's folders: `pxe` holds releases and instances, `etc` is its /etc."""

    pxe: Path
    etc: Path

    @property
    def live(self) -> bool:
        """Whether this is the machine itself, whose services follow what is written."""
        return self.etc == Path("/etc")

    @property
    def releases(self) -> Path:
        return self.pxe / "releases"

    @property
    def instances(self) -> Path:
        return self.pxe / "instances"

    @property
    def identities(self) -> Path:
        return self.pxe / "identity"

    @property
    def boot(self) -> Path:
        """The TFTP root: one link for each node, named by its MAC address."""
        return self.pxe / "boot"

    @property
    def contents(self) -> Path:
        """The nodes' own results. Nothing here is ever touched, but made where it is missing."""
        return self.pxe / "nodes"

    @property
    def state(self) -> Path:
        return self.pxe / "state"

    @property
    def adopted(self) -> Path:
        """Releases made of hand-made roots, not yet published."""
        return self.pxe / "adopted"

    @property
    def signers(self) -> Path:
        """Who may sign releases: put there by whoever sets up the head."""
        return self.etc / "nodebake/allowed_signers"

    @property
    def revoked(self) -> Path:
        return self.etc / "nodebake/revoked_signers"

    def release(self, recipe: str, version: str) -> Path:
        return self.releases / recipe / version

    def instance(self, node: str, name: str) -> Path:
        return self.instances / node / name

    def switch(self, mac: str) -> Path:
        """The link that decides what a node boots, as dnsmasq's `tftp-unique-root=mac` names it."""
        return self.boot / mac.lower().replace(":", "-")


def checked_name(word: str, what: str) -> str:
    """`word`, when it can be one part of a path. Raises RecipeError."""
    if not NAME.fullmatch(word):
        raise RecipeError(
            f"`{word}` cannot be the name of a {what}", hint="letters, digits and `. _ + -`, no `/`"
        )
    return word
