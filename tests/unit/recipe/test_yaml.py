# SPDX-License-Identifier: Apache-2.0
"""YAML with places."""

from __future__ import annotations

import pytest

from builder.errors import NodebakeError, Place
from builder.recipe.yaml_tree import parse


def test_places_of_keys_and_values() -> None:
    document = parse("f", "a: 1\nb:\n  - c: yes\n")
    assert document.data == {"a": 1, "b": [{"c": "yes"}]}
    assert document.place(("b", 0, "c")) == Place("f", 3, 8, "  - c: yes")
    assert document.key(("b", 0, "c")) == Place("f", 3, 5, "  - c: yes")
    assert document.place(("b", 5)) == Place("f", 3, 3, "  - c: yes")


def test_scalars_are_those_of_yaml_1_2() -> None:
    text = "[on, no, true, ~, 0755, 0o17, 0x1f, 1.5, .inf, 2020-01-01, '1', 1e3]"
    inf = float("inf")
    assert parse("f", text).data == [
        *("on", "no", True, None, 755, 15, 31, 1.5, inf, "2020-01-01", "1", 1000.0)
    ]


def test_an_empty_file_is_an_empty_mapping() -> None:
    assert parse("f", "# nothing\n").data == {}


@pytest.mark.parametrize(
    "text",
    [
        "a: [",
        "a: b: c",
        "\x00",
        "a: *b",
        "&a [*a]",
        "[" * 1000,
        "--- 1\n--- 2\n",
        "? [a]\n: b",
        "%YAML 9.9\n--- a",
    ],
)
def test_no_text_makes_a_traceback(text: str) -> None:
    with pytest.raises(NodebakeError) as caught:
        parse("f", text)
    assert caught.value.render()


def test_aliases_of_aliases_do_not_grow_without_bound() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 8)]
    with pytest.raises(NodebakeError, match="too large"):
        parse("f", "\n".join(lines))
