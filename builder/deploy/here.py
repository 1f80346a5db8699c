# SPDX-License-Identifier: Apache-2.0
"""The head when we are on it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from builder.deploy.remote import no_command
from builder.host.process import Stream, stream
from builder.report.report import Report


class Here:
    """Runs programs on this machine, and leaves files where they are."""

    name = "this machine"

    def lines(self, argv: Sequence[str]) -> Iterator[str]:
        with self._start(argv) as process:
            for line in process.stdout:
                yield line.decode(errors="replace")
            self._end(process)

    @contextmanager
    def kept(self, argv: Sequence[str]) -> Iterator[Iterator[str]]:
        reading, writing = os.pipe()
        with ExitStack() as stack:
            stdin = stack.enter_context(os.fdopen(writing, "wb"))
            with os.fdopen(reading, "rb") as given:
                process = stack.enter_context(self._start(argv, given))
            try:
                yield (line.decode(errors="replace") for line in process.stdout)
            finally:
                # It ends with its stdin, as over ssh: what sudo has started takes no signal of ours.
                stdin.close()
                process.end()

    def bring(self, files: Sequence[Path], folder: str, report: Report) -> str:
        return str(files[0].parent.absolute())

    def note(self, path: str, data: bytes) -> str:
        place = Path.home() / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
        return str(place)

    def fetch(self, path: str) -> bytes:
        return Path(path).read_bytes()

    def forget(self, folder: str) -> None:
        """Nothing was brought."""

    def save(self, argv: Sequence[str], stream: IO[bytes]) -> None:
        with self._start(argv) as process:
            shutil.copyfileobj(process.stdout, stream)
            self._end(process)

    def feed(self, argv: Sequence[str], stream: IO[bytes]) -> str:
        with self._start(argv, stream) as process:
            process.stdout.read()
            return self._end(process)

    def _start(self, argv: Sequence[str], given: IO[bytes] | None = None) -> Stream:
        try:
            return stream(argv, given)
        except FileNotFoundError as error:
            raise no_command(self.name, [str(error)], 127) from error

    def _end(self, process: Stream) -> str:
        code, told = process.end()
        if code:
            raise no_command(self.name, told.splitlines(), code)
        return told
