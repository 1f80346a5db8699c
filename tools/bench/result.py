# SPDX-License-Identifier: Apache-2.0
"""The result file, format 1: rows, each with the commit and the minute it is of; and the machine. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tools.bench.figure import Figure, ratio

FORMAT = 1
RATIO = "ratio"


@dataclass(frozen=True)
class Goal:
    """What a row is about, and the most that it should be. `unit` is RATIO or one of measure."""

    title: str
    unit: str
    most: float


GOALS = {
    "root-emulated": Goal("cold root without kernel: CPU ÷ mmdebstrap, emulated", RATIO, 0.2),
    "root-native-cpu": Goal("cold root with kernel: CPU ÷ mmdebstrap, native amd64", RATIO, 1.25),
    "root-native-wall": Goal("cold root with kernel: wall ÷ mmdebstrap, native amd64", RATIO, 1.25),
    "image-cpu": Goal("cached tree to raw image: CPU ÷ genimage", RATIO, 0.25),
    "image-wall": Goal("cached tree to raw image: wall ÷ `cp -a`", RATIO, 2.5),
    "overlay": Goal("one overlay file changed: wall", "s", 6.0),
    "nothing": Goal("nothing changed: wall", "s", 0.5),
    "update": Goal("packages updated for security: changed blocks ÷ changed files", RATIO, 1.5),
    "memory": Goal("cold build: highest sum of PSS", "MB", 400.0),
    "instances": Goal("60 nodes get an instance, on the head's card", "s", 5.0),
    "instance-size": Goal("an instance beyond the shared tree", "MB", 2.0),
    "publish": Goal("a one-file change published to 60 nodes, on the head's card", "s", 5.0),
    "switch": Goal("60 nodes switched or rolled back, on the head's card", "s", 1.0),
    "node-tftp": Goal("a node from power-on to ssh, by TFTP", "MB", 25.0),
    "node-nfs": Goal("a node of a shared root from power-on to ssh, by NFS", "MB", 80.0),
    "node-memory": Goal("such a node, idle: memory not left of its 1 GiB", "MB", 323.0),
    "flash-blank": Goal("a blank card: wall ÷ (`dd` + read-back) at 15 MB/s", RATIO, 1.05),
    "flash-memory": Goal("flashing: most memory on the node", "MB", 64.0),
    "flash-moved": Goal("packages updated on a card: bytes fetched ÷ changed files", RATIO, 2.0),
    "flash-written": Goal("packages updated on a card: bytes written ÷ changed files", RATIO, 2.0),
    "swarm": Goal("16 nodes flashed at once: the last ÷ one alone, 100 Mbit/s", RATIO, 1.6),
    "fleet-cold": Goal("a command on 60 nodes by ssh, logins included", "s", 1.2),
    "fleet-kept": Goal("the next command on them, on kept connections", "s", 0.3),
    "fleet-cpu": Goal("a command on 60 nodes: CPU ÷ clush", RATIO, 0.4),
}
"""In the order of the table."""


@dataclass(frozen=True)
class Row:
    """One row. `value` is the ratio or the quantity, in its goal's unit; `facts` explain it."""

    key: str
    value: float
    ours: Figure
    peer: Figure | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of_ratio(cls, key: str, ours: Figure, peer: Figure, facts: Mapping[str, Any]) -> Row:
        """A row that compares."""
        return cls(key, ratio(ours, peer), ours, peer, facts)

    @property
    def goal(self) -> Goal:
        return GOALS[self.key]

    @property
    def met(self) -> bool:
        return self.value <= self.goal.most

    def dump(self, commit: str, date: str) -> dict[str, Any]:
        """As the result file has it."""
        return {
            "row": self.key,
            "title": self.goal.title,
            "unit": self.goal.unit,
            "value": round(self.value, 4),
            "goal": self.goal.most,
            "met": self.met,
            "nodebake": self.ours.dump(),
            "peer": self.peer.dump() if self.peer else None,
            "facts": dict(self.facts),
            "commit": commit,
            "date": date,
        }


def merge(
    former: Mapping[str, Any], fresh: Sequence[Mapping[str, Any]], machine: Mapping[str, str]
) -> dict[str, Any]:
    """The fresh rows in place of those of the same name; rows of another machine are dropped."""
    same = former.get("format") == FORMAT and former.get("machine") == machine
    rows = {row["row"]: row for row in (former["rows"] if same else ())}
    rows.update((row["row"], row) for row in fresh)
    return {"format": FORMAT, "machine": dict(machine), "rows": [rows[key] for key in GOALS if key in rows]}


def dump(result: Mapping[str, Any]) -> str:
    """The file's text."""
    return json.dumps(result, indent=1, ensure_ascii=False) + "\n"


def parse(text: str) -> dict[str, Any]:
    """The file, or an empty one where it is none."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
