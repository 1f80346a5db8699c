# SPDX-License-Identifier: Apache-2.0
"""Completion knows every verb and option, and the shell takes it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator

import pytest

from builder.cli.completion import bash, fish, zsh
from builder.cli.verbs import EVERYWHERE, VERBS
from tests.needs import needs_tool


@pytest.mark.parametrize("script", [bash, zsh, fish])
def test_every_verb_and_option_is_in_it(script: Callable[[], Iterator[str]]) -> None:
    text = "\n".join(script())
    names = [
        name for verb in VERBS for option in verb.options for name in option.names if name.startswith("--")
    ]
    names += [name for option in EVERYWHERE for name in option.names]
    if script is fish:
        names = [f"-l {name[2:]}" for name in names]
    words = [word for verb in VERBS for word in verb.name.split()]
    assert not [word for word in [*names, *words] if word not in text]


@pytest.mark.tools
@needs_tool("bash")
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("nodebake bo", ["boot"]),
        ("nodebake build --eng", ["--engine"]),
        ("nodebake build --engine m", ["mmdebstrap"]),
        ("nodebake --debug build --lo", ["--locked"]),
        ("nodebake --progress j", ["json"]),
        ("nodebake schema s", ["site"]),
        ("nodebake show min", ["minimal"]),
        ("nodebake sto", ["store"]),
        ("nodebake store ver", ["verify"]),
        ("nodebake store verify --rep", ["--repair"]),
        ("nodebake store export mini", ["minimal"]),
        ("nodebake no", ["nodes"]),
        ("nodebake nodes li", ["list"]),
        ("nodebake nodes list node1", ["node12"]),
        ("nodebake nodes remove @ ba", ["@barA", "@barB"]),
        ("nodebake nodes export --format cl", ["clush"]),
    ],
)
def test_bash_completes(line: str, expected: list[str]) -> None:
    words = line.split()
    # A `nodebake` of its own stands in for the one that lists recipes and nodes.
    script = "\n".join(
        [
            "nodebake() { case $1 in",
            "    list) printf 'docker-sdcard  runs docker\\nminimal  boots\\n' ;;",
            "    nodes) printf 'node01\\nnode12\\n@barA\\n@barB\\n@zeros\\n' ;;",
            "esac; }",
            *bash(),
            f"COMP_WORDS=({' '.join(words)}); COMP_CWORD={len(words) - 1}",
            '_nodebake; printf "%s\\n" "${COMPREPLY[@]}"',
        ]
    )
    done = subprocess.run(["bash", "-c", script], check=True, capture_output=True, text=True)
    assert done.stdout.split() == expected
    assert not done.stderr
