# SPDX-License-Identifier: Apache-2.0
"""The table of MAC addresses comes out as it went in, and edits say what was wanted and nothing else."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from builder.cli.nodes.import_ import changes_of
from builder.cluster.cluster import Cluster
from builder.cluster.edit import Changes, edited
from builder.cluster.export import table
from builder.cluster.load import FILE, of_document
from builder.cluster.mac_table import parse as rows_of
from builder.errors import NodebakeError
from builder.recipe.yaml_tree import parse

HEAD = """\
# Mine.
format: 1
head: {name: head, board: pi3bplus, address: 10.42.255.250}
networks: {lan: {subnet: 10.42.0.0/16, first: 10.42.0.1}}
defaults: {board: pi3b, network: lan}
"""
TAIL = "# The end.\nbars: {A: 1-15}\n"
STYLES = (
    "  - {{number: {0}}}\n",
    "  - {{number:   {0} ,  groups: [a]}}  # here\n",
    "  # the next\n  - number:   {0}  # here\n",
    "  -\n    number: {0}\n    groups:\n      - a\n\n",
)
NUMBERS = st.integers(1, 999)
MACS = st.integers(1, 0xFFFFFF).map(
    lambda low: f"b8:27:eb:{low >> 16:02x}:{low >> 8 & 255:02x}:{low & 255:02x}"
)
BOARDS = st.dictionaries(NUMBERS, MACS, max_size=30).filter(
    lambda found: len(set(found.values())) == len(found)
)
FILES = st.dictionaries(NUMBERS, st.sampled_from(STYLES), max_size=12).map(
    lambda styles: (
        "nodes:\n" + "".join(style.format(number) for number, style in styles.items()) if styles else ""
    )
)


def cluster(text: str) -> Cluster:
    problems: list[NodebakeError] = []
    found = of_document(parse(FILE, text), problems)
    assert found is not None, problems
    return found


def table_of(boards: Mapping[int, str]) -> str:
    """The usual form of the table: by number, one space."""
    return "".join(f"{number} {mac}\n" for number, mac in sorted(boards.items()))


@given(FILES, BOARDS)
def test_a_table_comes_out_as_it_went_in(nodes: str, boards: dict[int, str]) -> None:
    before = cluster(HEAD + nodes + TAIL)
    given_table = table_of(boards)
    changes = changes_of(before, rows_of("table", given_table, []))
    after = cluster(edited(before.document, changes))
    assert table(after, after.nodes) == given_table
    assert changes_of(after, rows_of("table", given_table, [])) == Changes()


@given(st.data(), FILES, st.dictionaries(NUMBERS, MACS, max_size=10))
def test_edits_keep_every_other_line(data: st.DataObject, nodes: str, some: dict[int, str]) -> None:
    before = cluster(HEAD + nodes + TAIL)
    there = {node.number for node in before.nodes}
    removed = frozenset(data.draw(st.sets(st.sampled_from(sorted(there))))) if there else frozenset()
    changes = Changes(
        added=tuple({"number": number, "mac": mac} for number, mac in some.items() if number not in there),
        changed={number: {"mac": mac} for number, mac in some.items() if number in there - removed},
        removed=removed,
    )
    # `edited` itself raises unless the data is what was wanted.
    text = edited(before.document, changes)
    kept = [line for line in (HEAD + TAIL).splitlines() if line in text.splitlines()]
    assert kept == (HEAD + TAIL).splitlines()
    assert text.count("# the next") == nodes.count("# the next")
    back = Changes(removed=frozenset(int(str(fields["number"])) for fields in changes.added))
    if not changes.changed and not removed and nodes:
        assert edited(parse(FILE, text), back) == HEAD + nodes + TAIL
