# SPDX-License-Identifier: Apache-2.0
"""Changes of cluster.yaml: what they write, and that all else stays."""

from __future__ import annotations

import difflib

import pytest

from builder.cluster.edit import Changes, Fields, edited
from builder.errors import RecipeError
from builder.recipe.document import Document
from builder.recipe.yaml_tree import parse

TEXT = """\
format: 1   # the first
nodes:
  # bar A
  - {number: 1,  mac: b8:27:eb:00:00:01 , serial: "ab000001"}  # door
  - number: 4   # odd one
    mac: 'b8:27:eb:00:00:04'
    groups: [a, b]   # both

  # bar B
  -
    number: 9
    name: x   # spare
# the end
groups: {}
"""


def document(text: str = TEXT) -> Document:
    return parse("cluster.yaml", text)


def difference(new: str, old: str = TEXT) -> list[str]:
    """The lines that went and came, in their order."""
    lines = difflib.ndiff(old.splitlines(), new.splitlines())
    return [line for line in lines if line[0] in "+-"]


def add(document: Document, *fields: Fields) -> str:
    return edited(document, Changes(added=fields))


def change(document: Document, number: int, fields: Fields) -> str:
    return edited(document, Changes(changed={number: fields}))


def remove(document: Document, *numbers: int) -> str:
    return edited(document, Changes(removed=frozenset(numbers)))


@pytest.mark.parametrize(
    ("number", "after"),
    [(0, "  # bar A"), (2, "# door"), (5, "# both"), (10, "# spare")],
)
def test_add_keeps_the_order(number: int, after: str) -> None:
    new = add(
        document(), {"number": number, "mac": "b8:27:eb:00:00:02", "name": "tiny", "groups": ["odd", "on"]}
    )
    assert difference(new) == [
        f'+   - {{number: {number}, mac: "b8:27:eb:00:00:02", name: tiny, groups: [odd, "on"]}}'
    ]
    lines = new.splitlines()
    assert lines[lines.index(difference(new)[0][2:]) - 1].endswith(after)


CHANGES: list[tuple[int, Fields, list[str]]] = [
    (
        1,
        {"mac": "b8:27:eb:00:00:0a", "board": "pi4"},
        [
            '-   - {number: 1,  mac: b8:27:eb:00:00:01 , serial: "ab000001"}  # door',
            '+   - {number: 1,  mac: "b8:27:eb:00:00:0a" , serial: "ab000001", board: pi4}  # door',
        ],
    ),
    (
        4,
        {"groups": ["odd"], "name": "x-1", "serial": "ab000004"},
        [
            "-     groups: [a, b]   # both",
            "+     groups: [odd]   # both",
            "+     name: x-1",
            '+     serial: "ab000004"',
        ],
    ),
    (9, {"mac": "b8:27:eb:00:00:0a"}, ['+     mac: "b8:27:eb:00:00:0a"']),
]


@pytest.mark.parametrize(("number", "fields", "lines"), CHANGES)
def test_change_touches_its_lines_only(number: int, fields: Fields, lines: list[str]) -> None:
    assert [line for line in difference(change(document(), number, fields)) if line[0] != "?"] == lines


@pytest.mark.parametrize(
    ("number", "lines"),
    [
        (1, ['-   - {number: 1,  mac: b8:27:eb:00:00:01 , serial: "ab000001"}  # door']),
        (
            4,
            [
                "-   - number: 4   # odd one",
                "-     mac: 'b8:27:eb:00:00:04'",
                "-     groups: [a, b]   # both",
            ],
        ),
        (9, ["-   -", "-     number: 9", "-     name: x   # spare"]),
    ],
)
def test_remove_takes_its_lines_only(number: int, lines: list[str]) -> None:
    assert difference(remove(document(), number)) == lines


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("nodes: []\n", "nodes: \n  - {number: 1}\n"),
        ("nodes: []  # none yet\na: 1\n", "nodes:   # none yet\n  - {number: 1}\na: 1\n"),
        ("nodes:\n# none\na: 1\n", "nodes:\n  - {number: 1}\n# none\na: 1\n"),
        ("nodes:", "nodes:\n  - {number: 1}\n"),
        ("nodes: ~ # none\n", "nodes:  # none\n  - {number: 1}\n"),
        ("a: 1\n", "a: 1\nnodes:\n  - {number: 1}\n"),
        ("a: 1", "a: 1\nnodes:\n  - {number: 1}\n"),
        ("nodes:\n- {number: 0}", "nodes:\n- {number: 0}\n- {number: 1}\n"),
        ("a: 1\r\nnodes:\r\n  - number: 0\r\n", "a: 1\r\nnodes:\r\n  - number: 0\r\n  - {number: 1}\r\n"),
    ],
)
def test_the_first_and_the_last_line(before: str, after: str) -> None:
    assert add(document(before), {"number": 1}) == after


def test_the_last_node_leaves_an_empty_list() -> None:
    assert remove(document("nodes:\n  # none\n  - {number: 1}\na: 1\n"), 1) == "nodes: []\n  # none\na: 1\n"


def test_all_at_once() -> None:
    changes = Changes(
        added=({"number": 20}, {"number": 5}, {"number": 3}, {"number": 6}),
        changed={4: {"serial": "ab000004"}},
        removed=frozenset({1, 9}),
    )
    assert difference(edited(document(), changes)) == [
        '-   - {number: 1,  mac: b8:27:eb:00:00:01 , serial: "ab000001"}  # door',
        "+   - {number: 3}",
        '+     serial: "ab000004"',
        "+   - {number: 5}",
        "+   - {number: 6}",
        "+   - {number: 20}",
        "-   -",
        "-     number: 9",
        "-     name: x   # spare",
    ]


def test_every_node_for_others() -> None:
    text = "nodes:\n  - {number: 2}\n  - {number: 4}\n"
    changes = Changes(added=({"number": 1}, {"number": 3}), removed=frozenset({2, 4}))
    assert edited(document(text), changes) == "nodes:\n  - {number: 1}\n  - {number: 3}\n"


def test_brackets_over_lines() -> None:
    text = "nodes:\n  - {number: 1,\n     name: a\n    }  # x\n  - {number: 3}\n"
    assert add(document(text), {"number": 2}) == text.replace("  # x\n", "  # x\n  - {number: 2}\n")
    assert change(document(text), 1, {"board": "pi4"}) == text.replace("name: a", "name: a, board: pi4")
    assert remove(document(text), 1) == "nodes:\n  - {number: 3}\n"


@pytest.mark.parametrize(
    "text",
    [
        "nodes: [{number: 1}]\n",
        "nodes:\n  - &a {number: 1}\n  - *a\n",
        "nodes:\n  - - number: 1\n",
        "{nodes: [{number: 1}]}\n",
    ],
)
def test_what_a_person_edits(text: str) -> None:
    with pytest.raises(RecipeError) as caught:
        change(document(text), 1, {"mac": "x"})
    assert caught.value.message == "`cluster.yaml` is written in a way that cannot be changed here"
    assert caught.value.hint == "edit it by hand; each node is best a line like `  - {number: 7}`"
