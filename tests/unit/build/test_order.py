# SPDX-License-Identifier: Apache-2.0
"""The order in which packages are configured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hypothesis import given
from hypothesis import strategies as st

from builder.build.order import configure_order


def status(packages: Mapping[str, str], installed: Mapping[str, str]) -> str:
    """A status file of package → more fields, a line each."""
    rows = [(name, "unpacked", fields) for name, fields in packages.items()]
    rows += [(name, "installed", fields) for name, fields in installed.items()]
    return "\n".join(
        f"Package: {name}\nStatus: install ok {state}\nArchitecture: arm64\n{fields}".rstrip() + "\n"
        for name, state, fields in rows
    )


def order(
    packages: Mapping[str, str], scripted: Sequence[str] = (), installed: Mapping[str, str] | None = None
) -> list[str]:
    batches = configure_order(status(packages, installed or {}), scripted)
    return [name for batch in batches for name, _ in batch]


def test_dependencies_come_first() -> None:
    assert order({"aa": "Depends: bb (>= 1.0), cc", "bb": "Pre-Depends: cc:any", "cc": ""}) == [
        "cc",
        "bb",
        "aa",
    ]


def test_each_has_its_own_architecture() -> None:
    text = (
        "Package: aa\nStatus: install ok unpacked\nArchitecture: all\nDepends: bb\n\n"
        "Package: bb\nStatus: install ok unpacked\nArchitecture: arm64\n"
    )
    assert configure_order(text, []) == [[("bb", "arm64"), ("aa", "all")]]


def test_what_is_configured_already_is_left_alone() -> None:
    assert order({"aa": "Depends: zz"}, installed={"zz": ""}) == ["aa"]


def test_without_dependencies_it_is_the_order_of_dpkgs_table() -> None:
    # As the log has them of a dpkg 1.22 that was told to configure all that was pending.
    seen = ["libip4tc2", "libexpat1", "cpio", "runit-helper", "linux-base", "docker-cli", "login.defs"]
    assert order(dict.fromkeys(sorted(seen), "")) == seen


def test_what_is_not_ready_goes_to_the_end() -> None:
    assert order({"less": "Depends: ucf", "linux-base": "", "ucf": "", "tzdata": ""}) == [
        "linux-base",
        "tzdata",
        "ucf",
        "less",
    ]


def test_an_alternative_that_is_configured_is_waited_for_no_more() -> None:
    packages = {"less": "Depends: tzdata | sysusers", "tzdata": ""}
    assert order(packages) == ["tzdata", "less"]
    assert order(packages, installed={"systemd": "Provides: sysusers"}) == ["less", "tzdata"]


def test_what_others_pre_depend_on_comes_first_with_all_that_it_needs() -> None:
    packages = {"less": "", "systemd": "Depends: mount", "mount": "", "systemd-sysv": "Pre-Depends: systemd"}
    assert order(packages) == ["mount", "systemd", "systemd-sysv", "less"]


def test_the_alternative_that_is_there_counts() -> None:
    assert order({"aa": "Depends: gone | zz", "zz": ""}) == ["zz", "aa"]


def test_a_provided_name_counts() -> None:
    assert order({"aa": "Depends: mail", "zz": "Provides: smtp, mail (= 2)"}) == ["zz", "aa"]


def test_what_is_nowhere_does_not_count() -> None:
    assert order({"aa": "Depends: gone"}) == ["aa"]


def test_a_folded_field_is_one_field() -> None:
    assert order({"aa": "Depends: gone,\n yy,\n zz", "yy": "", "zz": ""})[2] == "aa"


def test_what_every_script_needs_is_before_all_others() -> None:
    packages = {"aaa": "", "mawk": "", "dpkg": "Pre-Depends: libx", "libx": "", "base-passwd": ""}
    assert order(packages)[:4] == ["base-passwd", "libx", "dpkg", "mawk"]


def test_in_a_cycle_those_without_a_script_come_first() -> None:
    packages = {"aa": "Depends: bb", "bb": "Depends: cc", "cc": "Depends: aa", "dd": "Depends: aa"}
    assert order(packages, scripted=["aa", "cc"]) == ["bb", "aa", "cc", "dd"]


def test_a_package_may_need_itself() -> None:
    assert order({"aa": "Provides: xx\nDepends: xx"}) == ["aa"]


def test_nothing() -> None:
    assert configure_order("", []) == []


def test_long_lists_are_cut_between_groups() -> None:
    packages = {f"p{n:04}": "" for n in range(1000)}
    batches = configure_order(status(packages, {}), [])
    assert [len(batch) for batch in batches] == [400, 400, 200]
    assert sorted(name for batch in batches for name, _ in batch) == sorted(packages)


NAMES = [f"p{letter}" for letter in "abcdefgh"]
GRAPHS = st.fixed_dictionaries({name: st.frozensets(st.sampled_from(NAMES)) for name in NAMES})


@given(GRAPHS)
def test_every_dependency_is_before_its_dependent_unless_in_one_cycle(
    graph: dict[str, frozenset[str]],
) -> None:
    fields = {name: f"Depends: {', '.join(sorted(needs))}" if needs else "" for name, needs in graph.items()}
    found = order(fields)
    assert sorted(found) == NAMES
    reach = {name: reached(graph, name) for name in NAMES}
    for name, needs in graph.items():
        for need in needs - {name}:
            assert found.index(need) < found.index(name) or name in reach[need]


def reached(graph: Mapping[str, frozenset[str]], start: str) -> set[str]:
    seen: set[str] = set()
    todo = [start]
    while todo:
        fresh = graph[todo.pop()] - seen
        seen |= fresh
        todo += fresh
    return seen
