# SPDX-License-Identifier: Apache-2.0
"""`nodebake write IMAGE DEVICE…`: cards in this machine's readers, several at once; alias `burn`."""

from __future__ import annotations

from argparse import Namespace
from dataclasses import asdict
from pathlib import Path

from builder.cli.project import Project, project_of
from builder.cli.wanted_secrets import wanted_secrets
from builder.cli.workspace import out_root
from builder.deploy.keys import Ring
from builder.deploy.publish import sign_if_possible
from builder.errors import Exit, RecipeError
from builder.flash import reader
from builder.flash.agent.receipt import Receipt
from builder.flash.offer import offer
from builder.flash.several import Wish, carry_out, failed, orders
from builder.report.report import Report
from builder.report.units import seconds, size


def run(arguments: Namespace, report: Report) -> Exit:
    for device in arguments.devices:
        reader.check(Path(device))
    project = project_of(arguments)
    ring = Ring(project.root)
    path = _path(project, arguments.image)
    if (path / "manifest.json").is_file():
        sign_if_possible(path, ring, report)
    offered = offer(path, ring.signers_file, ring.revoked_file)
    if offered.doubt:
        report.warn(offered.doubt, "nodebake key new makes a key; releases are signed as they are used")
    cluster = project.cluster() if arguments.node else None
    nodes = cluster.select(arguments.node) if cluster else ()
    wish = Wish(arguments.take_card, arguments.older, arguments.keep_data)
    given = orders(
        offered,
        arguments.devices,
        nodes,
        cluster,
        wanted_secrets(project, offered.trusted.release.wants),
        wish,
        _trust(ring),
    )
    ended = carry_out(offered, given, report)
    receipts = [each for each in ended if isinstance(each, Receipt)]
    if arguments.json:
        report.json([asdict(each) for each in receipts])
    else:
        for each in receipts:
            report.data(_line(each))
    if error := failed(given, ended):
        raise error
    return Exit.DONE


def _trust(ring: Ring) -> dict[str, str]:
    """Whose releases a node believes that is to be flashed again over ssh, from its own card."""
    files = {"allowed_signers": ring.signers_file, "revoked_signers": ring.revoked_file}
    return {f"etc/nodebake/{name}": path.read_text() for name, path in files.items() if path.is_file()}


def _path(project: Project, image: str) -> Path:
    """A recipe's latest release, or what the word names itself."""
    latest = out_root(project) / image / "latest"
    if "/" not in image and (latest / "manifest.json").is_file():
        return latest.resolve()
    path = Path(image)
    if not path.exists():
        raise RecipeError(
            f"`{image}` is neither a recipe that was built nor an image",
            hint=f"nodebake build {image}"
            if image in project.names()
            else "name a recipe, as `nodebake list` shows it, a release's folder, or an image",
        )
    return path.absolute()


def _line(receipt: Receipt) -> str:
    what = f"{receipt.node} " if receipt.node else ""
    if receipt.outcome == "same":
        return f"{receipt.device}: {what}{receipt.release} was there already, {seconds(receipt.seconds)}"
    return (
        f"{receipt.device}: {what}{receipt.release}, {size(receipt.written)} written and read back, "
        f"{seconds(receipt.seconds)}"
    )
