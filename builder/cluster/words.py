# SPDX-License-Identifier: Apache-2.0
"""Which nodes a word means: `node[01-03,07]`, `1-60`, `@barA`, `1-3;7`, and sets of these; and the way back.

Names are read and folded by ClusterShell's NodeSet, so they look as `clush` has them. On top of it stand
numbers without a name, which need no quotes in a shell. `,` `;` and spaces join, `!` takes away, `&` keeps
what is in both, `^` what is in one of them; read from left to right.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ClusterShell.NodeSet import RESOLVER_NOGROUP, NodeSet, NodeSetException
from ClusterShell.RangeSet import RangeSet, RangeSetException

from builder.recipe.near import did_you_mean

ALL = "all"
MOST = 10_000  # names or numbers of one word: `node[1-999999999]` would eat the memory
_SHOWN = 40

_PIECE = re.compile(
    r"(?P<between>\s*[,;!&^]\s*|\s+)|(?P<set>(?:[^\s,;!&^\[\]]|\[[^\[\]]*\])+)|(?P<lone>[\[\]])"
)
_BRACKETS = re.compile(r"\[([^\[\]]*)\]")
_RANGE = re.compile(r"(\d+)-(\d+)")
_NUMBERS = re.compile(r"\d+(-\d+(/\d+)?)?")
_DASHED = re.compile(r"(\D+)(\d+)-\D*(\d+)")


class WordFault(Exception):
    """A word that means no nodes; says why, and what to write."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@dataclass(frozen=True)
class Roster:
    """What words may speak of: the nodes' names by number, and groups of numbers."""

    names: Mapping[int, str]
    groups: Mapping[str, frozenset[int]]

    def numbers(self, word: str) -> frozenset[int]:
        """The numbers of the nodes that `word` means; raises WordFault."""
        found: frozenset[int] = frozenset()
        for operator, operand in _steps(word):
            these = self._operand(operand)
            if operator == "!":
                found -= these
            elif operator == "&":
                found &= these
            elif operator == "^":
                found ^= these
            else:
                found |= these
        return found

    def _operand(self, text: str) -> frozenset[int]:
        if text.startswith("@"):
            return self._group(text[1:])
        if _NUMBERS.fullmatch(text):
            return self._numbered(text)
        return self._named(text)

    def _group(self, name: str) -> frozenset[int]:
        if name in (ALL, "*"):
            return frozenset(self.names)
        if name not in self.groups:
            near = did_you_mean(f"@{name}", [f"@{known}" for known in (*self.groups, ALL)], what="groups")
            raise WordFault(f"there is no group `@{name}`", near)
        return self.groups[name]

    def _numbered(self, text: str) -> frozenset[int]:
        wanted = numbers(text)
        unknown = sorted(wanted - self.names.keys())
        if unknown:
            raise WordFault(f"there is no node {_listed(unknown)}", f"there are {_listed(self.names)}")
        return wanted

    def _named(self, text: str) -> frozenset[int]:
        by_name = {name: number for number, name in self.names.items()}
        wanted = expand(text)
        unknown = [name for name in wanted if name not in by_name]
        if unknown:
            dashed = _DASHED.fullmatch(text)
            if dashed:
                name, first, last = dashed.groups()
                hint = f"ranges of names stand in brackets: `{name}[{first}-{last}]`; numbers need none"
                raise WordFault(f"there is no node `{text}`", hint)
            raise WordFault(f"there is no node `{fold(unknown)}`", self._near(unknown[0]))
        return frozenset(by_name[name] for name in wanted)

    def _near(self, name: str) -> str | None:
        if name in (ALL, *self.groups):
            return f"did you mean `@{name}`?"
        # `node2` is nearer to node02 than to node52, whatever difflib says.
        counted = re.fullmatch(r"(\D+)0*([1-9]\d{0,8})", name.lower())
        meant = self.names.get(int(counted[2]), "") if counted else ""
        if counted and meant.rstrip("0123456789") == counted[1]:
            return f"did you mean `{meant}`?"
        return (
            did_you_mean(name, self.names.values(), what="nodes")
            or f"there are `{fold(self.names.values())}`"
        )


def fold(names: Iterable[str]) -> str:
    """Names in the field's notation: `node[01-03,07]`. Nothing is the empty string."""
    return str(NodeSet.fromlist(list(names), resolver=RESOLVER_NOGROUP))


def expand(pattern: str) -> list[str]:
    """The names that a pattern as `node[01-03,07]` stands for; raises WordFault."""
    _bounded(pattern)
    try:
        return list(NodeSet(pattern, resolver=RESOLVER_NOGROUP))
    except (NodeSetException, RangeSetException) as error:
        why = str(error).split(": ")[0]
        raise WordFault(f"`{pattern}` cannot be read: {why}", "for instance `node[01-03,07]`") from None


def numbers(text: str) -> frozenset[int]:
    """Plain numbers: `7`, `1-15`, `1-60/2`, `1-3,7`, `1-3;7`; raises WordFault."""
    joined = re.sub(r"\s*[,;]\s*", ",", text.strip())
    if not all(_NUMBERS.fullmatch(part) for part in joined.split(",")):
        raise WordFault(f"`{text}` is no range of numbers", "for instance `1-15` or `1-3,7`")
    _bounded(f"[{joined}]")
    try:
        return frozenset(int(number) for number in RangeSet(joined))
    except RangeSetException:
        raise WordFault(f"`{text}` runs backwards", "ranges go from the lower to the higher number") from None


def _steps(word: str) -> Iterator[tuple[str, str]]:
    """The sets that a word names, each with the sign before it."""
    if set(_BRACKETS.sub("", word)) & {"[", "]"}:
        raise WordFault(f"`{word}` has a bracket without its other half", "for instance `node[01-03,07]`")
    sign, due = ",", True
    for piece in _PIECE.finditer(word.strip()):
        if piece["set"]:
            yield sign, piece["set"]
            due = False
        elif due:
            break
        else:
            sign, due = piece["between"].strip() or ",", True
    if due:
        raise WordFault(
            f"`{word}` lacks nodes beside a `{sign}`" if word.strip() else "an empty word names no nodes"
        )


def _bounded(pattern: str) -> None:
    """Refuse what is so large that reading it would hang."""
    size = 1
    for inner in _BRACKETS.findall(pattern):
        ranges = _RANGE.findall(inner)
        if any(len(end) > 18 for pair in ranges for end in pair):
            size = MOST + 1
            break
        size *= max(1, inner.count(",") + 1 + sum(int(last) - int(first) for first, last in ranges))
    if size > MOST:
        shown = pattern if len(pattern) <= _SHOWN else f"{pattern[:_SHOWN]}…"
        raise WordFault(f"`{shown}` names more than {MOST} nodes")


def _listed(found: Iterable[int]) -> str:
    return f"`{RangeSet.fromlist([sorted(found)])}`" if found else "none"
