# SPDX-License-Identifier: Apache-2.0
"""The image's own apt sources: deb822 text that names public hosts or what the site says."""

from __future__ import annotations

from builder.base.archives import PUBLIC
from builder.recipe.recipe import Recipe

PATH = "etc/apt/sources.list.d/nodebake.sources"


def deb822(recipe: Recipe) -> str:
    """The text of `PATH` for this recipe: a stanza for each archive and set of components."""
    uris = dict(recipe.sources_list)
    grouped: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for suite in recipe.base.suites:
        grouped.setdefault((suite.archive, suite.components), []).append(suite.suite)
    stanzas = [
        f"Types: deb\nURIs: {uris[archive]}\nSuites: {' '.join(suites)}\n"
        f"Components: {' '.join(components)}\nSigned-By: {PUBLIC[archive].keyring}\n"
        for (archive, components), suites in grouped.items()
    ]
    return "\n".join(stanzas)
