# SPDX-License-Identifier: Apache-2.0
"""`nodebake key new`: a key that signs releases, and the list that heads trust."""

from __future__ import annotations

from argparse import Namespace
from datetime import date

from builder.cli.project import project_of
from builder.deploy.keys import Ring
from builder.errors import Exit
from builder.report.report import Report

HINT = "put `{}` on the head, as root: install -D -m 644 {} /etc/nodebake/{}"


def run(arguments: Namespace, report: Report) -> Exit:
    ring = Ring(project_of(arguments).root)
    signer = ring.new(arguments.name, date.today())
    if arguments.json:
        report.json({"name": signer.name, "key": signer.key, "signers": str(ring.signers_file)})
    else:
        report.data(str(ring.signers_file))
    report.say(f"`{ring.private(signer.name)}` signs releases, keep it to yourself")
    report.say(HINT.format(ring.signers_file.name, ring.signers_file.name, "allowed_signers"))
    return Exit.DONE
