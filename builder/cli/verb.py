# SPDX-License-Identifier: Apache-2.0
"""A verb and its options, as values: parser, help and shell completion are all made from them."""

from __future__ import annotations

import keyword
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Words = Literal["recipe", "recipes", "directory", "file", "output", "nodes", ""]


@dataclass(frozen=True)
class Option:
    """An option or, when its name has no dashes, a positional argument.

    `settings` go to argparse as they are; `words` says what a shell may complete its value with
    when it has no choices. An option without metavar and choices takes no value.
    """

    names: tuple[str, ...]
    help: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    words: Words = ""

    @property
    def positional(self) -> bool:
        return not self.names[0].startswith("-")

    @property
    def choices(self) -> tuple[str, ...]:
        return tuple(self.settings.get("choices", ()))

    @property
    def takes_value(self) -> bool:
        return self.positional or bool(self.choices) or "metavar" in self.settings


@dataclass(frozen=True)
class Verb:
    """One verb, of one word or two. `examples` are whole command lines without `nodebake`.

    `command` is what the words behind `--` are called in its help, where it takes a command line of others'.
    `room` is where its `run` lives below `builder.cli`, when that does not follow from its name.
    """

    name: str
    summary: str
    examples: tuple[str, ...]
    options: tuple[Option, ...]
    command: str = ""
    room: str = ""

    @property
    def module(self) -> str:
        """Where its `run(arguments, report) -> Exit` lives."""
        if self.room:
            return f"builder.cli.{self.room}"
        words = (f"{word}_" if keyword.iskeyword(word) else word for word in self.name.split())
        return f"builder.cli.{'.'.join(words)}"


def groups(verbs: Iterable[Verb]) -> dict[str, tuple[str, ...]]:
    """First words of verbs of two, with the second words; a first word may be a verb by itself too."""
    found: dict[str, tuple[str, ...]] = {}
    for verb in verbs:
        first, _, second = verb.name.partition(" ")
        if second:
            found[first] = (*found.get(first, ()), second)
    return found


def flag(*names: str, help: str) -> Option:
    """An option that is there or not."""
    return Option(names, help, {"action": "store_true"})


def value(*names: str, metavar: str, help: str, words: Words = "", **settings: object) -> Option:
    """An option with a value."""
    return Option(names, help, {"metavar": metavar, **settings}, words)


def choice(*names: str, among: tuple[str, ...], help: str, **settings: object) -> Option:
    """An option or argument with a value out of a few."""
    return Option(names, help, {"choices": among, **settings})


JSON = flag("--json", help="print the answer as JSON")
