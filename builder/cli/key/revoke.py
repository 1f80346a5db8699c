# SPDX-License-Identifier: Apache-2.0
"""`nodebake key revoke NAME`: nothing that this key has signed is published any more."""

from __future__ import annotations

from argparse import Namespace

from builder.cli.key.new import HINT
from builder.cli.project import project_of
from builder.deploy.keys import Ring
from builder.errors import Exit
from builder.report.report import Report


def run(arguments: Namespace, report: Report) -> Exit:
    ring = Ring(project_of(arguments).root)
    signer = ring.revoke(arguments.name)
    if arguments.json:
        report.json({"name": signer.name, "revoked": str(ring.revoked_file)})
    else:
        report.data(f"{signer.name} is revoked")
    report.say(HINT.format(ring.revoked_file.name, ring.revoked_file.name, "revoked_signers"))
    report.say("what nodes boot stays as it is; what it signed is refused from now on")
    report.say(
        "to sign a release anew that is yours: rm out/RECIPE/VERSION/manifest.json.sig, and publish it"
    )
    return Exit.DONE
