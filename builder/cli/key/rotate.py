# SPDX-License-Identifier: Apache-2.0
"""`nodebake key rotate`: a new key, with the present one good for some days more."""

from __future__ import annotations

from argparse import Namespace
from datetime import date

from builder.cli.key.new import HINT
from builder.cli.project import project_of
from builder.deploy.keys import Ring
from builder.errors import Exit
from builder.report.report import Report


def run(arguments: Namespace, report: Report) -> Exit:
    ring = Ring(project_of(arguments).root)
    former, signer = ring.rotate(date.today(), arguments.overlap)
    if arguments.json:
        report.json({"former": former.name, "good_until": str(former.before), "name": signer.name})
    else:
        report.data(f"{signer.name} signs from now on; {former.name} is good until {former.before}")
    report.say(HINT.format(ring.signers_file.name, ring.signers_file.name, "allowed_signers"))
    return Exit.DONE
