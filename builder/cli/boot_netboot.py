# SPDX-License-Identifier: Apache-2.0
"""`nodebake boot RECIPE --netboot`: publish it to a head of one's own, and let an emulated node boot it."""

from __future__ import annotations

import os
import shlex
from argparse import Namespace
from dataclasses import replace
from pathlib import Path

from builder.boot.machine import BOARDS, memory_of
from builder.boot.netboot.head import Head, head
from builder.boot.netboot.machine import prepare
from builder.boot.netboot.tools import require_tools
from builder.cli.project import Project, project_of
from builder.cli.to_boot import to_boot
from builder.deploy.publish import release_of
from builder.deploy.stock import chosen, stock
from builder.errors import Exit, RecipeError, RefusedError
from builder.head.node.inventory import Inventory, Node
from builder.head.release.manifest import Release
from builder.host.emulator import attended
from builder.host.scratch import scratch
from builder.recipe.login import key_holder
from builder.report.report import Report

# For a project that describes no cluster.
_ANYBODY = Inventory(
    "head",
    "10.42.0.250",
    ("10.42.0.0/24",),
    (Node("node01", 1, "b8:27:eb:00:00:01", "10.42.0.1", "pi3b"),),
)


def run(arguments: Namespace, report: Report) -> Exit:
    _refuse_words(arguments)
    project = project_of(arguments)
    wanted = to_boot(project, arguments)
    release = release_of(wanted.folder, wanted.recipe.name)
    _refuse_image(release)
    memory = memory_of(BOARDS["virt"], arguments.memory)
    known = inventory(project, arguments.node, release)
    _refuse_card(release, arguments.card)
    require_tools()
    (node,) = known.nodes
    with scratch("boot") as folder, head(known, folder) as here:
        here.publish(wanted.folder.resolve())
        here.serve()
        machine = prepare(here, node, folder)
        machine = replace(machine, memory=memory, card=arguments.card)
        ssh = ssh_line(project, here, node, key_holder(wanted.recipe.effects()) or "USER", folder)
        for line in greeting(node, release, ssh, arguments.card):
            report.say(line)
        attended(here.lan.within(*machine.argv()))
    return Exit.DONE


def greeting(node: Node, release: Release, ssh: str, card: Path | None) -> tuple[str, ...]:
    """What the user should know before the console scrolls."""
    kept = f" but for `{card}`" if card else ""
    return (
        f"{node.name} boots {release.label} over a network of its own; what it writes is thrown away{kept}",
        f"log in from another terminal, a minute or more from now: {ssh}",
        "this terminal is its console; ctrl-a x ends it",
    )


def inventory(project: Project, word: str | None, release: Release) -> Inventory:
    """The head and the one node that boots. Raises RecipeError when there is none such."""
    if word is None and not (project.root / "cluster.yaml").exists():
        return _ANYBODY
    cluster = project.cluster()
    boards = {board.name for board in release.boards}
    named = chosen(cluster, [word] if word else [])
    fit = [node for node in named if node.board in boards]
    if word and len(named) > 1:
        raise RecipeError(f"`--node {word}` is {len(named)} nodes", hint="name one of them")
    if not fit:
        raise RecipeError(
            f"{release.label} is for no node that could boot it"
            if not word
            else f"{release.label} is not for `{word}`",
            facts=[f"it is for {', '.join(sorted(boards))}"],
            hint="`nodebake nodes list` shows the boards of your nodes",
        )
    known = stock(cluster)
    return replace(known, nodes=tuple(node for node in known.nodes if node.name == fit[0].name))


def ssh_line(project: Project, here: Head, node: Node, user: str, folder: Path) -> str:
    """The command that logs in, for pasting: the node has the host key that the head made for it."""
    known_hosts = folder / "known_hosts"
    known_hosts.write_text("".join(f"{line}\n" for line in here.known_hosts()), encoding="utf-8")
    operator = project.root / "keys" / "operator"
    key = ["-i", str(operator)] if operator.exists() else []
    trust = ["-o", f"UserKnownHostsFile={known_hosts}"]
    # Who came here by sudo is himself again in another terminal.
    sudo = ["sudo"] if "SUDO_USER" in os.environ else []
    return shlex.join([*sudo, *here.lan.enter(), "ssh", *key, *trust, f"{user}@{node.address}"])


def _refuse_words(arguments: Namespace) -> None:
    if arguments.board not in (None, "virt") or arguments.ssh_port is not None:
        word = "--ssh-port" if arguments.ssh_port is not None else "--board"
        raise RecipeError(
            f"`{word}` is for an image, not for `--netboot`",
            hint="the emulated node is the board `virt`, on a network of its own that ssh enters",
        )


def _refuse_image(release: Release) -> None:
    if release.mode == "card":
        raise RecipeError(
            f"{release.label} is an image, and boots from a card",
            hint=f"leave --netboot away: nodebake boot {release.recipe}",
        )


def _refuse_card(release: Release, card: Path | None) -> None:
    made = "truncate -s 1G card.img && mke2fs -q -t ext4 -L nodebake-data card.img"
    if card is None and release.writable == "card" and release.mode != "private":
        raise RefusedError(
            f"{release.label} writes to the node's card, and the emulated node has none",
            hint=f"give it one by `--card card.img`, made by: {made}",
        )
    # A device might be somebody's disk.
    if card is not None and not card.is_file():
        raise RecipeError(
            f"`--card {card}` is no file" if card.exists() else f"`--card {card}` is not there",
            hint=f"one is made by: {made}",
        )
