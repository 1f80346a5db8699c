# SPDX-License-Identifier: Apache-2.0
"""From command line to exit code. Only this file ends the process."""

from __future__ import annotations

import errno
import importlib
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from builder.cli.parser import Told, parse
from builder.errors import Exit, Interrupted, NodebakeError, disk_full
from builder.report.choose import choose, nobody_reads

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable

    from builder.report.report import Report


def entry() -> None:
    """The command `nodebake`."""
    # Started by root, a build reads the store with ids that own nothing of root's: umask 077 locks it out.
    os.umask(0o022)
    sys.exit(main(sys.argv[1:]))


def main(argv: Sequence[str]) -> int:
    """Run one command line; returns the exit code and never raises."""
    report = choose()
    debug = "--debug" in argv
    try:
        arguments = parse(argv)
        report = choose(arguments.progress)
        module = importlib.import_module(arguments.module)
        run = cast("Callable[[Namespace, Report], Exit]", module.run)
        return int(run(arguments, report))
    except Told as told:
        report.data(told.text)
        return int(Exit.DONE)
    except KeyboardInterrupt:
        report.error(Interrupted())
        return int(Exit.INTERRUPTED)
    except BrokenPipeError:
        nobody_reads()
        return int(Exit.FAILED)
    except Exception as error:
        if debug:
            report.traceback(error)
        explained = explain(error)
        report.error(explained)
        return int(explained.exit)


def explain(error: Exception) -> NodebakeError:
    """Any exception as an error that a person can read."""
    if isinstance(error, NodebakeError):
        return error
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return disk_full(str(error.filename or "the store or the output"))
    if isinstance(error, OSError) and error.filename and error.strerror:
        return NodebakeError(f"`{error.filename}`: {error.strerror.lower()}", hint=_TRACEBACK)
    # The last line of what was raised is enough for a report; line breaks would spoil the one line.
    what = f"{type(error).__name__}: {' '.join(str(error).split())}".rstrip(": ")
    return NodebakeError(f"this is a bug in nodebake: {what}", hint=_TRACEBACK)


_TRACEBACK = "`--debug` shows where it happened"
