# SPDX-License-Identifier: Apache-2.0
"""`nodebake adopt`: a root on the head that was made by hand becomes a release, signed with our key."""

from __future__ import annotations

from argparse import Namespace
from datetime import date
from pathlib import PurePosixPath

from builder.cli.at_head import at_head
from builder.cli.project import project_of
from builder.cli.workspace import out_root
from builder.deploy import keys
from builder.deploy.keys import Ring
from builder.errors import Exit, RefusedError
from builder.report.report import Report


def run(arguments: Namespace, report: Report) -> Exit:
    project = project_of(arguments)
    private = Ring(project.root).usable(date.today())
    if private is None:
        raise RefusedError("there is no key to sign the release with", hint="nodebake key new")
    words = ["adopt", arguments.name, "--root", arguments.root, "--boot", arguments.boot]
    with at_head(arguments, report) as place:
        made = PurePosixPath(place.value(*words, "--boards", arguments.boards)["release"])
        manifest = place.head.fetch(str(made / "manifest.json"))
    # Here lies what is signed; the large files stay where they are, on the head.
    folder = out_root(project) / arguments.name / made.name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "manifest.json").write_bytes(manifest)
    keys.sign(folder / "manifest.json", private)
    if arguments.json:
        report.json({"release": str(folder)})
    else:
        report.data(str(folder))
    report.say(f"now: nodebake publish {arguments.name} NODES --release {folder}")
    return Exit.DONE
