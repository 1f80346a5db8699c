# SPDX-License-Identifier: Apache-2.0
"""Everything that can go wrong, as values: a message, facts, a place, a hint and an exit code.

Libraries raise; only ``cli.main`` prints and exits.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum


class Exit(IntEnum):
    """What the process tells its caller."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    LACKING = 3
    STALE = 4
    REFUSED = 5
    INTERRUPTED = 130


@dataclass(frozen=True, order=True)
class Place:
    """A spot in a file of the user's: line and column count from 1; `text` is that line."""

    file: str
    line: int
    column: int
    text: str = ""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class NodebakeError(Exception):
    """One thing that went wrong, told so that a person can mend it.

    `message` is one line in lower case with the user's words in backticks; `facts` are lines
    below it; `hint` is a command or an edit.
    """

    exit = Exit.FAILED

    def __init__(
        self,
        message: str,
        *,
        facts: Iterable[str] = (),
        hint: str | None = None,
        place: Place | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.facts = tuple(facts)
        self.hint = hint
        self.place = place

    def render(self) -> str:
        """The error as text, without colour and without a final newline."""
        head = f"{self.place}: " if self.place else ""
        lines = [f"{head}error: {self.message}"]
        if self.place and self.place.text:
            number = str(self.place.line)
            lines.append(f"  {number} | {self.place.text.rstrip()}")
            lines.append(f"  {' ' * len(number)} | {' ' * (self.place.column - 1)}^")
        lines += [f"  {fact}" for fact in self.facts]
        if self.hint:
            lines.append(f"hint: {self.hint}")
        return "\n".join(lines)


class RecipeError(NodebakeError):
    """The recipe, the site file or the command line asks for something that is not possible."""

    exit = Exit.USAGE


class LackingError(NodebakeError):
    """This machine lacks something: a tool, a kernel feature, space, the archive."""

    exit = Exit.LACKING


def disk_full(where: str, facts: Iterable[str] = ()) -> LackingError:
    """No room on the disk of `where`."""
    return LackingError(
        f"no space left on the disk of `{where}`",
        facts=facts,
        hint="free some space, or go elsewhere: NODEBAKE_STORE=DIR, NODEBAKE_OUT=DIR; "
        "the next build goes on where this one ended",
    )


def damaged_manifest(facts: Iterable[str]) -> NodebakeError:
    """A release's manifest.json is not what a build writes; whoever reads it says the same."""
    return NodebakeError("the release manifest is damaged", facts=facts, hint="fetch or build it again")


class StaleLockError(NodebakeError):
    """The lock does not say what the recipe asks for, or names what is gone."""

    exit = Exit.STALE


class RefusedError(NodebakeError):
    """Refused for safety."""

    exit = Exit.REFUSED


def unproven(what: str, facts: Iterable[str]) -> RefusedError:
    """The signature of a release does not hold; whoever checks it says the same."""
    return RefusedError(
        f"the signature of {what} does not hold",
        facts=facts,
        hint="it was changed after it was signed, or its key is not trusted, has expired or was revoked; if"
        " it is the key alone, remove `manifest.json.sig` from the release in out/: then it is signed anew",
    )


class StepError(NodebakeError):
    """A step of the build failed."""


class Interrupted(NodebakeError):
    """The user has interrupted us."""

    exit = Exit.INTERRUPTED

    def __init__(self) -> None:
        super().__init__("interrupted")


class Problems(NodebakeError):
    """Several errors of one reading, in the order of their places."""

    def __init__(self, problems: Iterable[NodebakeError]) -> None:
        self.problems = tuple(sorted(problems, key=lambda p: (p.place is None, p.place or Place("", 0, 0))))
        super().__init__(f"{len(self.problems)} problems")
        self.exit = max((p.exit for p in self.problems), default=Exit.USAGE)

    def render(self) -> str:
        return "\n".join(problem.render() for problem in self.problems)
