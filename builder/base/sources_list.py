# SPDX-License-Identifier: Apache-2.0
"""The image's own apt sources: deb822 text that names public hosts or what the site says."""

from __future__ import annotations

from dataclasses import replace

from builder.base.archives import PUBLIC
from builder.recipe.recipe import Recipe, Suite

PATH = "etc/apt/sources.list.d/nodebake.sources"


def deb822(recipe: Recipe) -> str:
    """The text of `PATH` for this recipe: a stanza for each archive and set of components."""
    uris = dict(recipe.sources_list)
    grouped: dict[Suite, list[str]] = {}
    for suite in recipe.suites:
        grouped.setdefault(replace(suite, suite=""), []).append(suite.suite)
    stanzas = [
        f"Types: deb\nURIs: {uris[alike.archive]}\nSuites: {' '.join(suites)}\n"
        f"Components: {' '.join(alike.components)}\n{_architectures(alike)}"
        f"Signed-By: {PUBLIC[alike.archive].keyring}\n"
        for alike, suites in grouped.items()
    ]
    return "\n".join(stanzas)


def _architectures(suite: Suite) -> str:
    return f"Architectures: {' '.join(suite.architectures)}\n" if suite.architectures else ""
