# SPDX-License-Identifier: Apache-2.0
"""The simulated plant: which nodes are on, what was asked, and how often a client broke the protocol."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from builder.head.client.dialect import NODES, Words

VIOLATIONS = {
    "early": "a command before the former one had its reply",
    "json": "a frame that is no JSON object",
    "target": "another target than `bladerunner`",
    "seqno": "a seqno that does not count up",
    "command": "an unknown command",
    "arguments": "arguments that do not fit the command, or an unknown node",
    "hung-up": "hung up while a reply was on its way",
}


@dataclass(frozen=True)
class Command:
    """A command as the plant understood it."""

    seqno: int | None
    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True)
class Outcome:
    """What a command comes to: arguments of the response, or the index and status of an error."""

    arguments: Mapping[str, Any] = field(default_factory=dict)
    status: int = 0
    index: int | None = None


# Status codes of errors. The published text has such codes and does not list them: these are ours.
MALFORMED, EARLY, NO_COMMAND, NO_SUCH_NODE, FAULT = 1, 2, 3, 4, 5


@dataclass
class Plant:
    """The nodes and the counts. The relays of `dead` nodes are stuck off; `switched` hears of each change."""

    nodes: int = NODES
    words: Words = field(default_factory=Words)
    dead: frozenset[int] = frozenset()
    switched: Callable[[int, bool], None] = lambda _number, _on: None
    on: set[int] = field(default_factory=set)
    lit: set[int] = field(default_factory=set)
    commands: Counter[str] = field(default_factory=Counter)
    violations: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)

    def read(self, frame: str | bytes, last: int) -> Command | Outcome:
        """A frame as a command, or the error that it deserves. `last` is the connection's last seqno."""
        try:
            said = json.loads(frame)
        except (ValueError, RecursionError):
            said = None
        if not isinstance(said, dict):
            self.violations["json"] += 1
            return Outcome(status=MALFORMED)
        seqno = said.get("seqno")
        if type(seqno) is not int or seqno <= last:
            self.violations["seqno"] += 1
        if said.get("target") != self.words.target:
            self.violations["target"] += 1
        arguments = said.get("args", {})
        return Command(
            seqno if type(seqno) is int else None,
            str(said.get("command", "")),
            arguments if isinstance(arguments, dict) else {"": arguments},
        )

    def obey(self, command: Command) -> Outcome:
        """Do what a command says."""
        self.commands[command.name] += 1
        arguments = command.arguments
        if command.name == self.words.status:
            return self._tell(arguments)
        if command.name not in (self.words.power, self.words.led):
            self.violations["command"] += 1
            return Outcome(status=NO_COMMAND)
        number, on = arguments.get("id"), arguments.get("on")
        if not self._is_node(number) or type(on) is not bool or set(arguments) != {"id", "on"}:
            self.violations["arguments"] += 1
            return Outcome(status=NO_SUCH_NODE, index=number if type(number) is int else None)
        assert isinstance(number, int)
        if command.name == self.words.power:
            self._switch(number, on)
        else:
            (self.lit.add if on else self.lit.discard)(number)
        return Outcome({"id": number, "on": on})

    def summary(self) -> dict[str, Any]:
        """The counts, as the simulator ends with them and as a status request shows them."""
        return {
            "nodes": self.nodes,
            "on": sorted(self.on),
            "commands": dict(sorted(self.commands.items())),
            "faults": dict(sorted(self.faults.items())),
            "violations": {name: self.violations[name] for name in VIOLATIONS},
        }

    def _tell(self, arguments: Mapping[str, Any]) -> Outcome:
        if not arguments:
            told = [{"id": number, "on": number in self.on} for number in range(1, self.nodes + 1)]
            return Outcome({"nodes": told, "simulator": self.summary()})
        number = arguments.get("id")
        if not self._is_node(number) or set(arguments) != {"id"}:
            self.violations["arguments"] += 1
            return Outcome(status=NO_SUCH_NODE, index=number if type(number) is int else None)
        return Outcome({"id": number, "on": number in self.on})

    def _switch(self, number: int, on: bool) -> None:
        if number in self.dead or (number in self.on) == on:
            return
        (self.on.add if on else self.on.discard)(number)
        self.switched(number, on)

    def _is_node(self, number: object) -> bool:
        return type(number) is int and 1 <= number <= self.nodes
