# SPDX-License-Identifier: Apache-2.0
"""Secrets as they are read for a card; a passphrase that is none is told before a node cannot tell it."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.errors import NodebakeError, RecipeError
from builder.flash.site_secrets import secrets
from builder.recipe import site as sites
from builder.recipe.site import Site
from builder.recipe.sources import DictSources

SITE = """\
format: 1
wifi: {ssid: net, country: DE, psk: {secret: psk}}
secrets: {psk: {file: psk}, other: {env: OTHER}}
"""


@pytest.fixture
def site() -> Site:
    problems: list[NodebakeError] = []
    found = sites.load(DictSources({"site.yaml": SITE}), problems)
    assert not problems
    return found


@pytest.mark.parametrize("written", ["12345678", "12345678\n", "a" * 63 + "\n", "a good one\nand more"])
def test_a_passphrase(site: Site, tmp_path: Path, written: str) -> None:
    (tmp_path / "psk").write_text(written)
    found = secrets(site, ["psk", "other"], tmp_path, {"OTHER": "short"})
    assert found == {"psk": written.encode(), "other": b"short"}


@pytest.mark.parametrize(("written", "length"), [("", 0), ("short\n", 5), ("0123456789abcdef" * 4, 64)])
def test_what_is_no_passphrase(site: Site, tmp_path: Path, written: str, length: int) -> None:
    (tmp_path / "psk").write_text(written)
    with pytest.raises(RecipeError) as raised:
        secrets(site, ["psk"], tmp_path, {})
    assert raised.value.render() == (
        f"error: the secret `psk` cannot be the passphrase of a wireless network: it has {length} bytes\n"
        "  a passphrase has 8 to 63; a key of 64 hex digits is none\n"
        "hint: write the passphrase itself, on the first line"
    )
