# SPDX-License-Identifier: Apache-2.0
"""What is to be configured before all else that was unpacked with it; pure.

dpkg orders by dependencies alone. apt, which unpacks one package after another, configures what others
pre-depend on as soon as it is there. System users get the next free number as they come, so a node that
was baked has the same numbers as one that was installed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence


def pre_depended(status: str) -> list[str]:
    """From dpkg's status file: unpacked packages that others pre-depend on, each behind what it needs."""
    stanzas = list(_stanzas(status))
    unpacked = {s["Package"]: s for s in stanzas if s["Status"].endswith(" unpacked")}
    providers: dict[str, str] = {}
    for stanza in stanzas:
        for name in _names(stanza.get("Provides", "")):
            providers.setdefault(name, stanza["Package"])
    present = {stanza["Package"] for stanza in stanzas}

    def wanted(package: str, *fields: str) -> list[str]:
        clauses = ",".join(unpacked[package].get(field, "") for field in fields).split(",")
        found = (_chosen(clause, present, providers) for clause in clauses)
        # What is configured already needs nothing.
        return [name for name in found if name in unpacked]

    roots = sorted({name for package in unpacked for name in wanted(package, "Pre-Depends")})
    needs = {package: wanted(package, "Pre-Depends", "Depends") for package in unpacked}
    return _behind(roots, needs)


def _behind(roots: Sequence[str], needs: Mapping[str, Sequence[str]]) -> list[str]:
    """`roots` and all that they need, each behind its needs; cycles are left to dpkg."""
    found: dict[str, None] = {}
    seen: set[str] = set()
    todo = [(root, False) for root in reversed(roots)]
    while todo:
        name, needed_are_there = todo.pop()
        if needed_are_there:
            found[name] = None
        elif name not in seen:
            seen.add(name)
            todo.append((name, True))
            todo += [(need, False) for need in reversed(needs[name])]
    return list(found)


def _chosen(clause: str, present: set[str], providers: Mapping[str, str]) -> str:
    """The package that answers a clause of alternatives, empty if none is there."""
    for name in _names(clause.replace("|", ",")):
        if name in present:
            return name
        if name in providers:
            return providers[name]
    return ""


def _names(field: str) -> list[str]:
    return re.findall(r"(?:^|,)\s*([a-z0-9][a-z0-9+.-]+)", field)


def _stanzas(status: str) -> Iterator[dict[str, str]]:
    for block in status.split("\n\n"):
        unfolded = re.sub(r"\n[ \t]+", " ", block)
        stanza = dict(line.split(": ", 1) for line in unfolded.splitlines() if ": " in line)
        if "Package" in stanza:
            yield stanza
