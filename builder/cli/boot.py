# SPDX-License-Identifier: Apache-2.0
"""`nodebake boot`: the built image in an emulator, with console and ssh port."""

from __future__ import annotations

import shlex
from argparse import Namespace
from pathlib import Path

from builder.boot.built import built
from builder.boot.machine import board_for, memory_of
from builder.boot.prepare import prepare
from builder.boot.tools import require_tools
from builder.cli.project import Project, project_of
from builder.cli.to_boot import to_boot
from builder.errors import Exit, RecipeError
from builder.host.emulator import LOOPBACK, attended, loopback_port
from builder.host.scratch import scratch
from builder.recipe.login import key_holder
from builder.recipe.recipe import Recipe
from builder.report.report import Report


def run(arguments: Namespace, report: Report) -> Exit:
    if arguments.netboot:
        from builder.cli import boot_netboot

        return boot_netboot.run(arguments, report)
    if arguments.node:
        raise RecipeError("`--node` says which node boots over the network", hint="add `--netboot`")
    if arguments.card:
        raise RecipeError("`--card` is for a node that boots over the network", hint="add `--netboot`")
    project = project_of(arguments)
    wanted = to_boot(project, arguments)
    image = built(wanted.folder, wanted.recipe.name)
    board = board_for(image.architecture, arguments.board)
    memory = memory_of(board, arguments.memory)
    require_tools()
    port = loopback_port(arguments.ssh_port)
    with scratch("boot") as folder:
        machine = prepare(image, board, folder, ssh_port=port, memory=memory)
        for line in greeting(image.image, board.name, ssh_line(project, wanted.recipe, port)):
            report.say(line)
        attended(machine.argv())
    return Exit.DONE


def greeting(image: Path, board: str, ssh: str) -> tuple[str, ...]:
    """What the user should know before the console scrolls."""
    return (
        f"booting {image} on {board}; what it writes is thrown away",
        f"log in from another terminal, a minute or more from now: {ssh}",
        "this terminal is its console; ctrl-a x ends it",
    )


def ssh_line(project: Project, recipe: Recipe, port: int) -> str:
    """The command that logs in, for pasting."""
    operator = project.root / "keys" / "operator"
    key = ["-i", str(operator)] if operator.exists() else []
    # Each boot is a first boot and makes new host keys: nothing to remember.
    trust = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"]
    return shlex.join(
        ["ssh", "-p", str(port), *key, *trust, f"{key_holder(recipe.effects()) or 'USER'}@{LOOPBACK}"]
    )
