# SPDX-License-Identifier: Apache-2.0
"""In which order unpacked packages are configured: dependencies first, cycles in one batch. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence

# What every other maintainer script takes for granted, in the order in which they need each other.
FIRST = ("base-passwd", "base-files", "libc6", "dpkg", "mawk", "perl-base", "debconf")

Name = tuple[str, str]


def configure_order(status: str, essential: Collection[str], scripted: Collection[str]) -> list[list[Name]]:
    """Batches of (package, architecture) from dpkg's status file, everything unpacked.

    Essential packages and what they need come first, since nobody declares a dependency on them. In
    a cycle those without a postinst (not in `scripted`) go first, as dpkg itself does it.
    """
    stanzas = list(_stanzas(status))
    architecture = {s["Package"]: s["Architecture"] for s in stanzas}
    providers: dict[str, list[str]] = {}
    for stanza in stanzas:
        for name in (stanza["Package"], *_names(stanza.get("Provides", ""))):
            providers.setdefault(name, []).append(stanza["Package"])
    needs = {s["Package"]: list(_needs(s, providers)) for s in stanzas}
    roots = [name for name in FIRST if name in needs]
    roots += sorted(name for name in essential if name in needs)
    roots += sorted(needs)
    ordered = [
        sorted(group, key=lambda name: (name in scripted, name)) for group in _components(needs, roots)
    ]
    return [[(name, architecture[name]) for name in names] for names in _joined(ordered)]


def _joined(groups: Iterable[Sequence[str]], size: int = 400) -> Iterator[list[str]]:
    """Groups in as few calls as the command line allows."""
    batch: list[str] = []
    for group in groups:
        if batch and len(batch) + len(group) > size:
            yield batch
            batch = []
        batch += group
    if batch:
        yield batch


def _needs(stanza: dict[str, str], providers: dict[str, list[str]]) -> Iterator[str]:
    for field in ("Pre-Depends", "Depends"):
        for clause in stanza.get(field, "").split(","):
            for name in _names(clause.replace("|", ",")):
                if name in providers:
                    yield providers[name][0]
                    break


def _names(field: str) -> list[str]:
    return re.findall(r"(?:^|,)\s*([a-z0-9][a-z0-9+.-]+)", field)


def _stanzas(status: str) -> Iterator[dict[str, str]]:
    for block in status.split("\n\n"):
        unfolded = re.sub(r"\n[ \t]+", " ", block)
        stanza = dict(line.split(": ", 1) for line in unfolded.splitlines() if ": " in line)
        if "Package" in stanza:
            yield stanza


def _components(needs: dict[str, list[str]], roots: Sequence[str]) -> list[list[str]]:
    """Strongly connected components, dependencies first (Tarjan's algorithm, without recursion)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    on_stack: set[str] = set()
    found: list[list[str]] = []
    for root in roots:
        if root in index:
            continue
        work = [(root, iter(needs[root]))]
        index[root] = low[root] = len(index)
        stack.append(root)
        on_stack.add(root)
        while work:
            node, rest = work[-1]
            for other in rest:
                if other not in index:
                    index[other] = low[other] = len(index)
                    stack.append(other)
                    on_stack.add(other)
                    work.append((other, iter(needs[other])))
                    break
                if other in on_stack:
                    low[node] = min(low[node], index[other])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    cut = stack.index(node)
                    found.append(stack[cut:])
                    on_stack.difference_update(stack[cut:])
                    del stack[cut:]
    return found
