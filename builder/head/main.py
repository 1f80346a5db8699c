# SPDX-License-Identifier: Apache-2.0
"""The command `nodebake-head`: what runs on the head itself.

With `--json` everything goes to stdout as JSON, an object a line, told apart by `event`:

    {"event": "operation", "text"}   {"event": "warning", "text"}   {"event": "answer", "value"}
    {"event": "error", "message", "facts", "hint", "exit"}

Without, the answer goes to stdout and all else to stderr. Exit codes are those of `nodebake`.
"""

from __future__ import annotations

import json
import os
import re
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn, TextIO

from builder.errors import Exit, NodebakeError, RecipeError
from builder.head.ground.layout import Layout
from builder.head.verbs import table as verbs

# What nodes have written may hold anything; a terminal must not obey it.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class Voice:
    """Tells operations, warnings, the answer and errors, to a person or to a program."""

    def __init__(self, out: TextIO, err: TextIO, *, lines: bool) -> None:
        self._out, self._err, self._lines = out, err, lines

    def tell(self, text: str) -> None:
        self._event("operation", text=text) if self._lines else self._say(text)

    def warn(self, text: str) -> None:
        self._event("warning", text=text) if self._lines else self._say(f"warning: {text}")

    def answer(self, value: object, text: Sequence[str]) -> None:
        if self._lines:
            self._event("answer", value=value)
        else:
            self._out.write("".join(f"{_harmless(line)}\n" for line in text))
            self._out.flush()

    def error(self, error: NodebakeError) -> None:
        if self._lines:
            self._event(
                "error", message=error.message, facts=error.facts, hint=error.hint, exit=int(error.exit)
            )
        else:
            self._say(error.render())

    def _say(self, text: str) -> None:
        self._err.write(f"{_harmless(text)}\n")
        self._err.flush()

    def _event(self, event: str, **fields: object) -> None:
        self._out.write(json.dumps({"event": event, **fields}) + "\n")
        self._out.flush()


def _harmless(text: str) -> str:
    """The text with control codes made visible."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


class _Parser(ArgumentParser):
    """An ArgumentParser that raises."""

    def error(self, message: str) -> NoReturn:
        raise RecipeError(message.replace("'", "`"), hint=f"`{self.prog} --help` shows the verbs and options")


def entry() -> NoReturn:
    """The command."""
    os.umask(0o022)
    sys.exit(main(sys.argv[1:]))


def main(argv: Sequence[str], out: TextIO | None = None, err: TextIO | None = None) -> int:
    """Run one command line; returns the exit code and raises nothing but what asks for an end."""
    # Where stdout carries an archive, what is told goes to stderr.
    bare = "-" in argv
    voice = Voice(
        (err or sys.stderr) if bare else (out or sys.stdout), err or sys.stderr, lines="--json" in argv
    )
    try:
        arguments = parser().parse_args(argv)
        layout = Layout(arguments.pxe.absolute(), arguments.etc.absolute())
        return int(verbs.VERBS[arguments.verb](layout, arguments, voice))
    except NodebakeError as error:
        voice.error(error)
        return int(error.exit)
    except KeyboardInterrupt:
        voice.error(NodebakeError("interrupted", hint="run it again, it goes on where it ended"))
        return int(Exit.INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return int(Exit.FAILED)
    except OSError as error:
        what = f"`{error.filename}`: " if error.filename else ""
        hint = "it needs root: sudo nodebake-head …" if isinstance(error, PermissionError) else None
        voice.error(NodebakeError(f"{what}{(error.strerror or str(error)).lower()}", hint=hint))
        return int(Exit.FAILED)


def parser() -> ArgumentParser:
    """The command line."""
    top = _Parser(prog="nodebake-head", description="What nodes boot, on the head that serves them.")
    top.add_argument("--pxe", type=Path, default=Path("/pxe"), metavar="DIR", help="default: /pxe")
    top.add_argument("--etc", type=Path, default=Path("/etc"), metavar="DIR", help="default: /etc")
    seconds = top.add_subparsers(dest="verb", metavar="VERB", required=True, parser_class=_Parser)
    for name, (summary, options) in verbs.OPTIONS.items():
        verb = seconds.add_parser(name, help=summary, description=summary)
        verb.add_argument("--json", action="store_true", help="tell everything as JSON lines")
        for names, settings in options:
            verb.add_argument(*names, **settings)
    return top
