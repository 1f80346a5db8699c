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


@pytest.mark.parametrize("written", ["12345678", "12345678\n", "a" * 63 + "\r\n", "a good one\nand more"])
def test_a_passphrase(site: Site, tmp_path: Path, written: str) -> None:
    (tmp_path / "psk").write_bytes(written.encode())
    found = secrets(site, ["psk", "other"], tmp_path, {"OTHER": "short"})
    assert found == {"psk": written.encode(), "other": b"short"}


@pytest.mark.parametrize(
    ("written", "length"), [("", 0), ("short\n", 5), ("7 bytes\r\n", 7), ("0123456789abcdef" * 4, 64)]
)
def test_what_is_no_passphrase(site: Site, tmp_path: Path, written: str, length: int) -> None:
    (tmp_path / "psk").write_bytes(written.encode())
    with pytest.raises(RecipeError) as raised:
        secrets(site, ["psk"], tmp_path, {})
    assert raised.value.render() == (
        f"error: the secret `psk` cannot be the passphrase of a wireless network: it has {length} bytes\n"
        "  a passphrase has 8 to 63; a key of 64 hex digits is none\n"
        "hint: write the passphrase itself, on the first line"
    )


def test_a_passphrase_holds_no_control_character(site: Site, tmp_path: Path) -> None:
    (tmp_path / "psk").write_bytes(b"a good\tone\n")
    with pytest.raises(RecipeError) as raised:
        secrets(site, ["psk"], tmp_path, {})
    assert raised.value.render() == (
        "error: the secret `psk` cannot be the passphrase of a wireless network: it has a control code\n"
        "hint: write the passphrase itself, on the first line: a tab is none of its characters"
    )


def test_a_secret_of_the_environment_may_be_any_bytes(site: Site, tmp_path: Path) -> None:
    assert secrets(site, ["other"], tmp_path, {"OTHER": "gr\udcfcn"}) == {"other": b"gr\xfcn"}
