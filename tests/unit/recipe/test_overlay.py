# SPDX-License-Identifier: Apache-2.0
"""Overlays: modes, owners, templates, deletions, links."""

from __future__ import annotations

import hashlib

from hypothesis import given, settings
from hypothesis import strategies as st

from builder.errors import Problems
from builder.recipe.effect import Delete, Effect, FromFile, Inline, MakeDirectory, MakeLink, WriteFile
from builder.recipe.resolve import resolve
from builder.recipe.sources import DictSources
from tests.unit.recipe.project import refusals

RECIPE = """\
format: 1
boards: [pi3b, pi4]
variables: {size: {type: size, default: 64M}}
layers: [{files: o}]
"""


def overlay(files: dict[str, str], declared: str = "", links: dict[str, str] | None = None) -> DictSources:
    """A project whose one overlay holds these."""
    below = {f"overlays/o/{path}": text for path, text in files.items()}
    if declared:
        below["overlays/o/overlay.yaml"] = declared
    own = frozenset({"overlays/o/usr/bin/run"})
    linked = {f"overlays/o/{path}": target for path, target in (links or {}).items()}
    return DictSources({"recipes/x.yaml": RECIPE, **below}, own, linked)


def effects(sources: DictSources) -> tuple[Effect, ...]:
    return resolve(sources, "x", {}).layers[-1].effects


def test_default_modes() -> None:
    digest = hashlib.sha256(b"x").hexdigest()
    assert effects(overlay({"etc/a": "x", "usr/bin/run": "x"}, links={"etc/l": "a"})) == (
        WriteFile("etc/a", FromFile("overlays/o/etc/a", digest, 1)),
        WriteFile("usr/bin/run", FromFile("overlays/o/usr/bin/run", digest, 1), 0o755),
        MakeLink("etc/l", "a"),
    )


def test_everything_declared() -> None:
    declared = """\
modes: {"etc/**": "0600", etc: "0750", etc/b: "0640"}
owners: {etc/b: "root:adm"}
templates: ["etc/*.conf"]
delete: [etc/motd]
directories: {var/lib/x: {mode: "1777", owner: "1000:1000"}}
links: {/etc/l: /usr/bin/true}
"""
    found = effects(overlay({"etc/a.conf": "{{ size }} {{ boards|join(',') }}\n", "etc/b": "b"}, declared))
    assert found == (
        Delete("etc/motd"),
        MakeDirectory("etc", 0o750),
        WriteFile("etc/a.conf", Inline(b"64M pi3b,pi4\n"), 0o600),
        WriteFile(
            "etc/b", FromFile("overlays/o/etc/b", hashlib.sha256(b"b").hexdigest(), 1), 0o640, group="adm"
        ),
        MakeDirectory("var/lib/x", 0o1777, "1000", "1000"),
        MakeLink("etc/l", "/usr/bin/true"),
    )


def test_devices_are_refused() -> None:
    sources = DictSources(
        {"recipes/x.yaml": RECIPE, "overlays/o/a": ""}, others=frozenset({"overlays/o/dev/null"})
    )
    message = "`overlays/o/dev/null` is a device, fifo or socket; overlays hold files, folders, links"
    assert refusals(sources) == [message]


def test_one_overlay_cannot_write_a_file_twice() -> None:
    assert refusals(overlay({"etc/a": "x"}, "links: {etc/a: b}\n")) == ["`etc/a` is written twice"]


NAMES = st.sampled_from(["..", "a", "lib", "etc", "/", "."])
PATHS = st.lists(NAMES, min_size=1, max_size=6).map("/".join)


@settings(max_examples=40)
@given(PATHS, PATHS)
def test_no_declared_path_escapes(path: str, target: str) -> None:
    declared = f'delete: ["{path}"]\ndirectories: {{"{path}": {{}}}}\nlinks: {{"{path}/l": "{target}"}}\n'
    try:
        found = effects(overlay({"z": ""}, declared))
    except Problems:
        return
    for effect in found:
        assert isinstance(effect, Delete | MakeDirectory | MakeLink | WriteFile)
        assert effect.path
        assert ".." not in effect.path.split("/")
        assert not effect.path.startswith("/")
