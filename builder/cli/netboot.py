# SPDX-License-Identifier: Apache-2.0
"""`nodebake netboot`: what nodes boot over the network, built, and checked against the inventory."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from builder.cli.build import bring_about
from builder.cli.left_out import warn_of_forgotten
from builder.cli.workspace import Workspace, workspace
from builder.cluster.cluster import Node
from builder.deploy.stock import all_meant, chosen
from builder.errors import Exit, NodebakeError, Problems, RecipeError
from builder.netboot.nodes import too_small, unfit
from builder.recipe.recipe import NetbootOutput
from builder.release.manifest import Manifest, Netboot, parse
from builder.report.report import Report


def run(arguments: Namespace, report: Report) -> Exit:
    work = workspace(arguments)
    _require_netboot(work)
    cluster = work.project.cluster()
    words = arguments.nodes
    nodes = chosen(cluster, words) if all_meant(words) else cluster.select(words)
    warn_of_forgotten(cluster, words, report)
    _refuse(unfit(work.recipe, cluster, nodes))
    (place,) = bring_about(arguments, work, report)
    manifest = parse(place.paths()["manifest"].read_text(encoding="utf-8"))
    assert manifest.netboot
    _refuse(too_small(manifest.recipe, manifest.netboot, cluster, nodes))
    if arguments.json:
        report.json(_as_json(place.final, manifest, manifest.netboot, nodes))
    else:
        for node in nodes:
            report.data(f"{node.name}  {node.board}  {node.mac}  {node.address}  {manifest.netboot.mode}")
        report.data(str(place.final))
    return Exit.DONE


def _require_netboot(work: Workspace) -> None:
    if any(isinstance(output, NetbootOutput) for output in work.recipe.outputs):
        return
    raise RecipeError(
        f"`{work.recipe.name}` is not made for booting over the network",
        hint="a recipe for that says `outputs: {netboot: {}}`; `nodebake list --json` tells which do",
    )


def _refuse(problems: Sequence[NodebakeError]) -> None:
    if problems:
        raise problems[0] if len(problems) == 1 else Problems(problems)


def _as_json(folder: Path, manifest: Manifest, netboot: Netboot, nodes: Sequence[Node]) -> dict[str, object]:
    return {
        "recipe": manifest.recipe,
        "version": manifest.version,
        "release": str(folder),
        "mode": netboot.mode,
        "writable": netboot.writable,
        "nodes": [
            {"name": node.name, "board": node.board, "mac": node.mac, "address": str(node.address)}
            for node in nodes
        ],
    }
