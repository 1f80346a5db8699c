# SPDX-License-Identifier: Apache-2.0
"""What is configured before dpkg goes through its own queue."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from builder.build.order import pre_depended


def order(packages: Mapping[str, str], installed: Mapping[str, str] | None = None) -> list[str]:
    """That of package → more fields of its stanza, a line each."""
    rows = [(name, "unpacked", fields) for name, fields in packages.items()]
    rows += [(name, "installed", fields) for name, fields in (installed or {}).items()]
    return pre_depended(
        "\n".join(
            f"Package: {name}\nStatus: install ok {state}\nArchitecture: arm64\n{fields}".rstrip() + "\n"
            for name, state, fields in rows
        )
    )


def test_what_nobody_pre_depends_on_is_left_to_dpkg() -> None:
    assert order({"aa": "Depends: bb", "bb": ""}) == []
    assert order({}) == []


def test_what_others_pre_depend_on_comes_behind_all_that_it_needs() -> None:
    packages = {
        "less": "",
        "systemd": "Depends: mount,\n libc (>= 2)",
        "mount": "Pre-Depends: libblkid",
        "libblkid": "",
        "libc": "",
        "systemd-sysv": "Pre-Depends: systemd:any",
    }
    assert order(packages) == ["libblkid", "mount", "libc", "systemd"]


def test_what_is_configured_already_is_left_alone() -> None:
    assert order({"aa": "Pre-Depends: bb", "bb": "Depends: zz"}, installed={"zz": ""}) == ["bb"]
    assert order({"aa": "Pre-Depends: zz"}, installed={"zz": ""}) == []


def test_the_first_alternative_that_is_there_counts() -> None:
    assert order({"aa": "Pre-Depends: gone | zz", "zz": ""}) == ["zz"]
    assert order({"aa": "Pre-Depends: yy | zz", "zz": ""}, installed={"yy": ""}) == []


def test_a_provided_name_counts() -> None:
    assert order({"aa": "Pre-Depends: mail", "zz": "Provides: smtp, mail (= 2)"}) == ["zz"]


def test_what_is_nowhere_does_not_count() -> None:
    assert order({"aa": "Pre-Depends: gone"}) == []


def test_a_cycle_is_told_as_a_whole() -> None:
    packages = {"aa": "Pre-Depends: bb", "bb": "Depends: cc", "cc": "Depends: bb, dd", "dd": ""}
    assert order(packages) == ["dd", "cc", "bb"]


NAMES = [f"p{letter}" for letter in "abcdefgh"]
GRAPHS = st.fixed_dictionaries({name: st.frozensets(st.sampled_from(NAMES)) for name in NAMES})


@given(GRAPHS)
def test_needs_are_all_there_and_come_before_unless_in_one_cycle(graph: dict[str, frozenset[str]]) -> None:
    fields = {name: f"Depends: {', '.join(sorted(needs))}" if needs else "" for name, needs in graph.items()}
    found = order({**fields, "first": "Pre-Depends: pa"})
    assert len(set(found)) == len(found)
    assert set(found) == {"pa"} | _reached(graph, "pa")
    for name in found:
        for need in graph[name] - {name}:
            assert found.index(need) < found.index(name) or name in _reached(graph, need)


def _reached(graph: Mapping[str, frozenset[str]], start: str) -> set[str]:
    seen: set[str] = set()
    todo = [start]
    while todo:
        fresh = graph[todo.pop()] - seen
        seen |= fresh
        todo += fresh
    return seen
