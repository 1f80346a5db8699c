# SPDX-License-Identifier: Apache-2.0
"""Resolving: who wins, in which order, and what `show` and `list` learn."""

from __future__ import annotations

import pytest

from builder.base.sources_list import deb822
from builder.errors import Problems
from builder.recipe.effect import Package
from builder.recipe.recipe import ImageOutput, Recipe
from builder.recipe.resolve import Summary, archives, check, names, summary
from builder.recipe.sources import DictSources
from tests.unit.recipe.project import KEY, SITE, recipe, refusals

USERS = "  - users: [{name: op, keys: site}]\n"


def origin(found: Recipe, key: str) -> tuple[object, str]:
    (one,) = [o for o in found.origins if o.key == key]
    return one.value, one.source


def test_included_layers_come_first_and_once() -> None:
    found = recipe(
        {
            "recipes/x.yaml": "format: 1\ninclude: [a, b]\nlayers: [{packages: [xx]}]\n",
            "recipes/a.yaml": "format: 1\ninclude: [c]\nlayers: [{packages: [aa]}]\n",
            "recipes/b.yaml": "format: 1\ninclude: [c]\nlayers: [{packages: [bb]}]\n",
            "recipes/c.yaml": "format: 1\nlayers: [{packages: [cc]}]\n",
        }
    )
    assert [layer.effects[0] for layer in found.layers[1:]] == [Package(n) for n in ("cc", "aa", "bb", "xx")]
    assert found.layers[0].label == "base: debian"


def test_who_wins() -> None:
    files = {
        "site.yaml": SITE + "base: debian\n",
        "recipes/x.yaml": "format: 1\ninclude: [y]\nvariables: {b: {default: mine}}\nlayers:\n" + USERS,
        "recipes/y.yaml": (
            "format: 1\nboards: [pi4]\n"
            "variables: {a: {default: q}, b: {default: r}, n: {type: list, default: []}}\n"
            "outputs: {image: {free: 2G}}\n"
        ),
    }
    found = recipe(files, {"a": "set", "n": "one, two"})
    assert origin(found, "base") == ("debian", "site")
    assert origin(found, "boards") == (("pi4",), "include y")
    assert origin(found, "a") == ("set", "--set")
    assert origin(found, "b") == ("mine", "recipe")
    assert origin(found, "n") == (("one", "two"), "--set")
    assert origin(found, "outputs.image.free") == (2 << 30, "include y")
    assert origin(found, "outputs.image.compression") == (3, "default")
    assert found.outputs == (ImageOutput("image", 2 << 30, 512 << 20, 3, ("pi4",)),)
    assert [board.name for board in recipe(files, {"boards": "pi3b,pi3b"}).boards] == ["pi3b"]


def test_a_string_that_is_one_variable_takes_its_type() -> None:
    text = (
        "format: 1\nvariables: {p: {type: list, default: [sudo, less]}, n: {type: integer, default: 7}}\n"
        'layers: [{packages: "{{ p }}"}, {docker: {log: {max_file: "{{n}}"}}}]\n'
    )
    assert Package("less") in recipe({"recipes/x.yaml": text}).effects()


def test_the_image_names_public_hosts() -> None:
    site = (
        "format: 1\narchives: {debian: {uri: 'http://mirror.local/debian'}, "
        "debian-security: 'http://near.example/sec/'}\n"
    )
    files = {"recipes/x.yaml": "format: 1\n", "site.yaml": site}
    found = recipe(files)
    assert found.sources_list == (
        ("debian", "http://ftp.debian.org/debian"),
        ("debian-security", "http://near.example/sec"),
    )
    assert archives(DictSources(files)) == {
        "debian": "http://mirror.local/debian",
        "debian-security": "http://near.example/sec",
    }
    assert deb822(found) == (
        "Types: deb\nURIs: http://ftp.debian.org/debian\nSuites: trixie trixie-updates\n"
        "Components: main non-free-firmware\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n\n"
        "Types: deb\nURIs: http://near.example/sec\nSuites: trixie-security\n"
        "Components: main non-free-firmware\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n"
    )


def test_list() -> None:
    sources = DictSources(
        {
            "recipes/x.yaml": "format: 1\nsummary: one\ninclude: [y]\noutputs: {image: {}}\n",
            "recipes/y.yaml": "format: 1\nsummary: part\nboards: [pi4]\n",
            "recipes/readme.txt": "",
        }
    )
    assert names(sources) == ["x", "y"]
    assert summary(sources, "x") == Summary("x", "one", ("pi4",), ("image",))
    with pytest.raises(Problems):
        summary(sources, "z")


def test_unknown_recipe() -> None:
    assert refusals(DictSources({})) == ["there is no recipe `x`"]


def test_check_tells_each_thing_once() -> None:
    parts = {f"recipes/{n}.yaml": "format: 1\ninclude: [c]\n" for n in "ab"}
    sources = DictSources({**parts, "recipes/c.yaml": "f: 1\n"})
    with pytest.raises(Problems) as caught:
        check(sources, ["a", "b", "c"])
    assert len(caught.value.problems) == 2


def test_private_keys_are_never_shown() -> None:
    head = f"format: 1\nauthorized_keys:\n  - '{KEY}'\n"
    text = f"{head}  - |\n    -----BEGIN RSA PRIVATE KEY-----\n    c2VjcmV0\n"
    with pytest.raises(Problems) as caught:
        recipe({"recipes/x.yaml": "format: 1\n", "site.yaml": text})
    assert "c2VjcmV0" not in caught.value.render()
    assert "BEGIN" not in caught.value.render()


@pytest.mark.parametrize(
    "site",
    [
        "format: 1\nwifi: {ssid: a, psk: hunter22}\n",
        "format: 1\nwifi:\n  ssid: a\n  psk:\n    hunter22\n",
        "format: 1\nwifi:\n  ssid: a\n  psk:\n    [hunter22]\n",
        "format: 1\nwifi: {ssid: a, psk: hunter22\n",
        "format: 1\npassword: hunter22\n",
    ],
)
def test_passphrases_are_never_shown(site: str) -> None:
    with pytest.raises(Problems) as caught:
        recipe({"recipes/x.yaml": "format: 1\n", "site.yaml": site})
    assert "hunter22" not in caught.value.render()


def test_the_sites_base_with_boards_that_fit_it() -> None:
    text = "format: 1\nboards: [pi4]\nlayers:\n" + USERS
    files = {"recipes/x.yaml": text, "site.yaml": SITE + "base: debian-armhf\n"}
    found = recipe(files, {"boards": "pi2b"})
    assert origin(found, "base") == ("debian-armhf", "site")
    assert [kernel.package for kernel in found.kernels] == ["linux-image-armmp"]
