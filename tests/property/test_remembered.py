# SPDX-License-Identifier: Apache-2.0
"""Whatever is done to a project between two runs, what is remembered of it equals what reading it gives."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from builder.cli.project import Project
from builder.cli.remembered import Resolved, resolved
from builder.errors import NodebakeError
from builder.recipe.resolve import archives, resolve
from tests.unit.recipe.project import KEY

KEYS = f"format: 1\nauthorized_keys: ['{KEY}']\n"
RECIPE = """\
format: 1
include: [part]
boards: [pi4]
variables: {word: {default: hello}}
layers: [{users: [{name: op, keys: site}]}, {files: over}]
outputs: {image: {}}
"""
TEXTS = {
    "recipes/x.yaml": [RECIPE, RECIPE.replace("hello", "ahoy"), RECIPE.replace("pi4", "pi3b"), "format: 2\n"],
    "recipes/part.yaml": ["format: 1\n", "format: 1\nlayers: [{packages: [less]}]\n", "layers: ["],
    "recipes/other.yaml": ["", "format: 1\n"],
    "site.yaml": [KEYS, KEYS + "archives: {debian: 'http://mirror/debian'}\n", KEYS + "ntp: [10.0.0.1]\n"],
    "overlays/over/overlay.yaml": ["templates: [etc/a]\n", "modes: {etc/a: '0600'}\n"],
    "overlays/over/etc/a": ["{{ word }}", "{{ site.lang }}", "text"],
    "overlays/over/etc/b": ["", "x"],
    "overlays/more/etc/c": ["", "x"],
}
"""Path → what may stand there. Of each, the first makes a project that resolves."""

PATHS = st.sampled_from(sorted(TEXTS))
WRITTEN = PATHS.flatmap(lambda path: st.sampled_from(TEXTS[path]).map(lambda text: (path, text)))
EDITS = st.one_of(
    WRITTEN.map(lambda one: ("write", *one)),
    PATHS.map(lambda path: ("remove", path, "")),
    PATHS.map(lambda path: ("program", path, "")),
    st.tuples(st.just("link"), PATHS, st.sampled_from(["b", "/etc/b", "../../../site.yaml", "../../.."])),
    st.just(("nothing", "", "")),
)


def outcome(read: Callable[[], Resolved]) -> Resolved | str:
    """What came of reading, or how it was refused."""
    try:
        return read()
    except NodebakeError as error:
        return error.render()


def read_anew(project: Project, words: dict[str, str]) -> Resolved:
    return Resolved(resolve(project.sources(), "x", words), archives(project.sources()))


def edit(root: Path, kind: str, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind in ("write", "link", "remove"):
        path.unlink(missing_ok=True)
    if kind == "write":
        path.write_text(text)
    elif kind == "link":
        path.symlink_to(text)
    elif kind == "program" and path.is_file():
        path.chmod(path.stat().st_mode ^ 0o100)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(EDITS, st.sampled_from([{}, {}, {"word": "set"}])), max_size=12))
def test_remembered_is_as_read(edits: list[tuple[tuple[str, str, str], dict[str, str]]]) -> None:
    place = Path(tempfile.mkdtemp())
    try:
        project = Project(place / "project")
        (place / "resolved").mkdir()
        for path, (text, *_) in TEXTS.items():
            edit(project.root, "write", path, text)
        assert not isinstance(outcome(lambda: resolved(project, "x", {}, place)), str)
        for change, words in edits:
            edit(project.root, *change)
            expected = outcome(lambda: read_anew(project, words))  # noqa: B023
            assert outcome(lambda: resolved(project, "x", words, place)) == expected  # noqa: B023
    finally:
        shutil.rmtree(place)
