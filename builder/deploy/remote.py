# SPDX-License-Identifier: Apache-2.0
"""The head as verbs see it: calls of `nodebake-head`, and files brought there."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Protocol

from builder.errors import Exit, LackingError, NodebakeError
from builder.report.report import Report

COMMAND = "nodebake-head"


class Head(Protocol):
    """Where nodebake-head is at work."""

    name: str

    def lines(self, argv: Sequence[str]) -> Iterator[str]:
        """What a command writes to stdout, line by line; at its end NodebakeError if it has failed."""

    def kept(self, argv: Sequence[str]) -> AbstractContextManager[Iterator[str]]:
        """The same lines while the body runs; the command's stdin ends with it."""

    def bring(self, files: Sequence[Path], folder: str, report: Report) -> str:
        """Bring files to a folder of the head's user; that folder there. What is there already is kept."""

    def note(self, path: str, data: bytes) -> str:
        """Write a small file of the head's user; its path there."""

    def fetch(self, path: str) -> bytes:
        """The content of a small file there."""

    def forget(self, folder: str) -> None:
        """Remove what `bring` brought."""

    def save(self, argv: Sequence[str], stream: IO[bytes]) -> None:
        """Write what a command writes to stdout into `stream`."""

    def feed(self, argv: Sequence[str], stream: IO[bytes]) -> str:
        """Give a command `stream` as its stdin; what it wrote to stderr."""


class Failed(NodebakeError):
    """An error that nodebake-head told, with its exit code."""

    def __init__(self, told: dict[str, Any]) -> None:
        super().__init__(told["message"], facts=told.get("facts", ()), hint=told.get("hint"))
        self.exit = Exit(told.get("exit", 1))


@dataclass(frozen=True)
class Called:
    """What a call answered; `failed` when the answer is that something is wrong."""

    value: Any
    failed: bool = False


def command(*words: str, sudo: bool) -> list[str]:
    """The command line for a verb: where it needs root and we are not, by sudo without a question."""
    return [*(["sudo", "-n"] if sudo else []), COMMAND, *words]


def call(head: Head, report: Report, *words: str, sudo: bool) -> Called:
    """Run a verb, passing on what it tells; its answer. Raises Failed, or NodebakeError without an answer."""
    answer: Called | None = None
    ended: NodebakeError | None = None
    try:
        for line in head.lines([*command(*words, sudo=sudo), "--json"]):
            event = event_of(line)
            match event.get("event"):
                case "operation":
                    report.say(event["text"])
                case "warning":
                    report.warn(event["text"])
                case "answer":
                    answer = Called(event["value"])
                case "error":
                    raise Failed(event)
    except Failed:
        raise
    except NodebakeError as error:
        ended = error
    if answer is None:
        raise ended or NodebakeError(f"`{COMMAND}` on {head.name} answered nothing")
    return Called(answer.value, failed=ended is not None)


@contextmanager
def kept(head: Head, *words: str, sudo: bool) -> Iterator[Any]:
    """What a verb answers that goes on while the body runs: it ends with the connection, whatever ends that.

    Raises Failed, or NodebakeError without an answer.
    """
    told = []
    with head.kept([*command(*words, sudo=sudo), "--json"]) as lines:
        for line in lines:
            told.append(line)
            event = event_of(line)
            if event.get("event") == "error":
                raise Failed(event)
            if event.get("event") == "answer":
                yield event["value"]
                return
        raise no_command(head.name, told, 1)


def no_command(name: str, told: Sequence[str], code: int) -> NodebakeError:
    """Why a call on the head came to nothing."""
    text = "\n".join(told)
    errors = [event for event in map(event_of, told) if event.get("event") == "error"]
    if errors:
        return Failed(errors[-1])
    if code == 127 or "command not found" in text:
        return LackingError(
            f"{name} has no `{COMMAND}`",
            hint="make deb, then on the head: sudo apt install ./nodebake-head_*.deb",
        )
    if "password is required" in text:
        return LackingError(
            f"sudo on {name} asks for a password",
            hint="its group `nodebake` may call nodebake-head without: sudo adduser USER nodebake",
        )
    return NodebakeError(f"`{COMMAND}` on {name} ended with {code}", facts=list(told)[-8:])


def quoted(argv: Sequence[str]) -> str:
    """For a shell on the other side."""
    return shlex.join(argv)


def event_of(line: str) -> dict[str, Any]:
    """What a line of nodebake-head's tells; nothing when it is none of its own."""
    try:
        event = json.loads(line)
    except ValueError:
        return {}
    return event if isinstance(event, dict) else {}
