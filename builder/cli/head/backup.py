# SPDX-License-Identifier: Apache-2.0
"""`nodebake head backup FILE`: the archive comes over the connection, and lies nowhere else."""

from __future__ import annotations

from argparse import Namespace

from builder.cli.at_head import at_head
from builder.deploy.remote import command
from builder.errors import Exit, RefusedError
from builder.report.report import Report


def run(arguments: Namespace, report: Report) -> Exit:
    partial = arguments.file.with_name(f".{arguments.file.name}.part")
    if arguments.file.exists():
        raise RefusedError(f"`{arguments.file}` is there already", hint="name a new file")
    partial.unlink(missing_ok=True)
    partial.touch(mode=0o600)
    try:
        with at_head(arguments, report) as place, partial.open("wb") as stream:
            words = ["backup", "-", *(["--releases"] if arguments.releases else [])]
            place.head.save(command(*words, sudo=place.sudo), stream)
        partial.rename(arguments.file)
    finally:
        partial.unlink(missing_ok=True)
    if arguments.json:
        report.json({"file": str(arguments.file)})
    else:
        report.data(str(arguments.file))
    report.say("it holds the nodes' private host keys: keep it to yourself")
    return Exit.DONE
