# SPDX-License-Identifier: Apache-2.0
"""In which order unpacked packages are configured: dependencies first, cycles in one batch. Pure.

It is the order in which apt and the tree's own dpkg would do it. System users get the next free number
as they come, so a node that was baked has the same numbers as one that was installed.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Sequence

# What every other maintainer script takes for granted, in the order in which they need each other.
FIRST = ("base-passwd", "base-files", "libc6", "dpkg", "mawk", "perl-base", "debconf")

_BINS = 65521

Name = tuple[str, str]


def configure_order(status: str, scripted: Collection[str]) -> list[list[Name]]:
    """Batches of (package, architecture) from dpkg's status file: those that are unpacked.

    What others pre-depend on comes first: apt configures it before it unpacks those. In a cycle the
    packages without a postinst (not in `scripted`) go first, as dpkg itself does it.
    """
    stanzas = list(_stanzas(status))
    todo = {s["Package"]: s["Architecture"] for s in stanzas if s["Status"].endswith(" unpacked")}
    providers: dict[str, list[str]] = {}
    for stanza in stanzas:
        for name in (stanza["Package"], *_names(stanza.get("Provides", ""))):
            providers.setdefault(name, []).append(stanza["Package"])

    def clauses(*fields: str) -> dict[str, list[list[str]]]:
        found = {s["Package"]: _clauses(s, fields, providers) for s in stanzas if s["Package"] in todo}
        # An alternative that is there already is enough.
        return {package: [c for c in all_ if todo.keys() >= set(c)] for package, all_ in found.items()}

    needs = clauses("Pre-Depends", "Depends")
    roots = [name for name in FIRST if name in needs]
    roots += sorted(clause[0] for each in clauses("Pre-Depends").values() for clause in each)
    early = _components(_firsts(needs), roots)
    before = {name for group in early for name in group}
    groups = [*early, *_queued({name: needs[name] for name in needs if name not in before}, before)]
    ordered = [sorted(group, key=lambda name: (name in scripted, name)) for group in groups]
    return [[(name, todo[name]) for name in names] for names in _joined(ordered)]


def _queued(needs: dict[str, list[list[str]]], done: Iterable[str]) -> Iterator[list[str]]:
    """As `dpkg --configure --pending` does it: what is not ready yet goes to the end of the queue."""
    ready = set(done)
    queue = deque(sorted(needs, key=lambda name: (_bin(name), name)))
    cycle = {name: group for group in _components(_firsts(needs), queue) for name in group}
    while queue:
        name = queue.popleft()
        if name in ready:
            continue
        there = ready.union(cycle[name])
        if all(there.intersection(clause) for member in cycle[name] for clause in needs[member]):
            ready = there
            yield cycle[name]
        else:
            queue.append(name)


def _bin(name: str) -> int:
    """Where dpkg's table of packages has a name; it is read from its first bin to its last.

    The hash is FNV-1a of 32 bits.
    """
    value = 2166136261
    for byte in name.encode():
        value = (value ^ byte) * 16777619 % 2**32
    return value % _BINS


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


def _clauses(
    stanza: dict[str, str], fields: Iterable[str], providers: dict[str, list[str]]
) -> list[list[str]]:
    """What a package depends on: of each list one must be there. What nobody provides does not count."""
    clauses = (clause for field in fields for clause in stanza.get(field, "").split(","))
    names = (_names(clause.replace("|", ",")) for clause in clauses)
    found = ([package for name in each for package in providers.get(name, ())] for each in names)
    return [packages for packages in found if packages]


def _firsts(needs: dict[str, list[list[str]]]) -> dict[str, list[str]]:
    """The first of each alternative, among those that are asked about."""
    return {name: [clause[0] for clause in clauses if clause[0] in needs] for name, clauses in needs.items()}


def _names(field: str) -> list[str]:
    return re.findall(r"(?:^|,)\s*([a-z0-9][a-z0-9+.-]+)", field)


def _stanzas(status: str) -> Iterator[dict[str, str]]:
    for block in status.split("\n\n"):
        unfolded = re.sub(r"\n[ \t]+", " ", block)
        stanza = dict(line.split(": ", 1) for line in unfolded.splitlines() if ": " in line)
        if "Package" in stanza:
            yield stanza


def _components(needs: dict[str, list[str]], roots: Iterable[str]) -> list[list[str]]:
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
