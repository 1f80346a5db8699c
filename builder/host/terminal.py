# SPDX-License-Identifier: Apache-2.0
"""The terminal handed to a program, and taken back as it was."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from builder.host.linux import die_with_parent
from builder.host.process import environment


@contextmanager
def terminal_as_it_was() -> Iterator[None]:
    """A program that is killed leaves the terminal raw, and a shell leaves it to a group that is gone."""
    stdin = sys.__stdin__
    try:
        settings = termios.tcgetattr(stdin) if stdin else None
    except (termios.error, ValueError):
        settings = None
    try:
        yield
    finally:
        if settings and stdin:
            # To set it from the background stops a process, unless it will not hear of it.
            former = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
            with contextlib.suppress(OSError):
                os.tcsetpgrp(stdin.fileno(), os.getpgrp())
            with contextlib.suppress(termios.error):
                termios.tcsetattr(stdin, termios.TCSADRAIN, settings)
            signal.signal(signal.SIGTTOU, former)


def converse(
    argv: Sequence[str], streams: Sequence[int], *, env: Mapping[str, str], inside: Callable[[], None]
) -> int:
    """Run a program that talks on these streams (stdin, stdout, stderr) to its end; its exit code."""

    def prepare() -> None:
        die_with_parent()
        # The worker ignores it, and what is ignored stays so: ^C must work in a shell.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        inside()

    stdin, stdout, stderr = streams
    return subprocess.run(
        argv,
        env=environment(env),
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        preexec_fn=prepare,
        check=False,
    ).returncode
