# SPDX-License-Identifier: Apache-2.0
"""The verbs: the table of contents of the command line."""

from __future__ import annotations

from pathlib import Path

from builder.cli.fleet.verbs import FLEET_VERBS
from builder.cli.head.verbs import HEAD_VERBS
from builder.cli.nodes.verbs import NODES_VERBS
from builder.cli.power.verbs import POWER_VERBS
from builder.cli.rollout.verbs import ROLLOUT_VERBS
from builder.cli.verb import JSON, Option, Verb, choice, flag, value
from builder.report.choose import PROGRESS

RECIPE = Option(("recipe",), "name of a recipe, as `nodebake list` shows it", {"metavar": "RECIPE"}, "recipe")
RECIPES = Option(
    ("recipes",), "recipes; all when none is named", {"metavar": "RECIPE", "nargs": "*"}, "recipes"
)
SET = value(
    "--set", metavar="KEY=VALUE", help="give a variable of the recipe a value", action="append", default=[]
)
ENGINE = choice(
    "--engine", among=("native", "mmdebstrap"), default="native", help="who installs the packages"
)
LOCKED = flag("--locked", help="insist on the lock file that is there")
JOBS = value("-j", "--jobs", metavar="N", type=int, help="processors to use (default: all)")
OUTPUT_DIRECTORY = value(
    "--output",
    metavar="DIR",
    type=Path,
    words="directory",
    help="where the results go (default: out/RECIPE/VERSION, or below NODEBAKE_OUT)",
)


def _side(name: str, help: str) -> Option:
    return Option((name,), help, {"metavar": name.upper()}, "recipe")


def _write(name: str, summary: str) -> Verb:
    return Verb(
        name,
        summary,
        (
            f"{name} docker-sdcard /dev/sdb --node node17",
            f"{name} docker-sdcard /dev/sdb /dev/sdc /dev/sdd --node node[17-19]",
            f"{name} out/minimal/20260901-0a1b2c3d/minimal-20260901-0a1b2c3d.img.zst card.img",
        ),
        (
            Option(
                ("image",),
                "a recipe that was built, a release's folder, or an image file",
                {"metavar": "IMAGE"},
                "recipe",
            ),
            Option(
                ("devices",),
                "cards in readers, or files that stand for them; never a disk of this machine",
                {"metavar": "DEVICE", "nargs": "+"},
                "file",
            ),
            value(
                "--node",
                metavar="NODES",
                default="",
                words="nodes",
                help="whose cards they are, in the order of the devices",
            ),
            flag("--take-card", help="also a card whose content is not ours"),
            flag("--keep-data", help="leave docker's partition as it is"),
            flag("--older", help="also a release that is older than the one on the card"),
            JSON,
        ),
    )


EVERYWHERE = (
    flag("--debug", help="show where in nodebake an error happened"),
    value(
        "--project",
        metavar="DIR",
        type=Path,
        words="directory",
        help="the folder that holds recipes/ (default: the nearest one upwards)",
    ),
    choice("--progress", among=PROGRESS, default="auto", help="how progress is told on stderr"),
)

VERBS = (
    Verb(
        "init",
        "write site.yaml: who may log in, and what is the same for all recipes of this place",
        ("init", "init --key ~/.ssh/id_ed25519.pub"),
        (
            value(
                "--key",
                metavar="FILE",
                type=Path,
                words="file",
                action="append",
                default=[],
                help="public key that may log in (default: ~/.ssh/*.pub, else a new pair)",
            ),
            flag("--keep", help="do nothing when there is a site.yaml"),
        ),
    ),
    Verb("list", "recipes, a line on each", ("list", "list --json"), (JSON,)),
    Verb(
        "check",
        "parse and validate recipes; tell all problems",
        ("check", "check docker-sdcard"),
        (RECIPES, JSON),
    ),
    Verb(
        "show",
        "the resolved recipe: each value and where it came from",
        ("show docker-sdcard", "show minimal --set user=pi"),
        (RECIPE, SET, JSON),
    ),
    Verb(
        "lock",
        "pin every package to version, sha256 and archive",
        ("lock docker-sdcard", "lock docker-sdcard --update"),
        (RECIPE, SET, flag("--update", help="ask the archives again and show what changes"), JSON),
    ),
    Verb(
        "plan",
        "steps with their ids: which are cached, and why the others are not",
        ("plan docker-sdcard",),
        (RECIPE, SET, ENGINE, OUTPUT_DIRECTORY, JSON),
    ),
    Verb(
        "build",
        "build a recipe's outputs; ends with their paths",
        ("build docker-sdcard", "build minimal --set user=pi --output /srv/images/minimal"),
        (
            RECIPE,
            value("--only", metavar="OUTPUT", words="output", help="build this output of the recipe only"),
            SET,
            LOCKED,
            OUTPUT_DIRECTORY,
            ENGINE,
            JOBS,
            JSON,
        ),
    ),
    Verb(
        "netboot",
        "build what nodes boot over the network, and check it against the inventory",
        ("netboot minimal-netboot node02", "netboot minimal-netboot @barA --set mode=private"),
        (
            RECIPE,
            Option(
                ("nodes",),
                "nodes, as in `node[01-03]`, `1-60`, `@barA`; all that can boot so when none is named",
                {"metavar": "NODES", "nargs": "*"},
            ),
            SET,
            LOCKED,
            OUTPUT_DIRECTORY,
            ENGINE,
            JOBS,
            JSON,
        ),
    ),
    Verb(
        "boot",
        "boot the built image in an emulator, with console and ssh port",
        (
            "boot docker-sdcard",
            "boot out/docker-sdcard/20260901-0a1b2c3d",
            "boot minimal --board raspi3b",
            "boot minimal-netboot --netboot --node node02",
        ),
        (
            Option(
                ("recipe",), "a recipe that was built, or a release's folder", {"metavar": "RECIPE"}, "recipe"
            ),
            SET,
            flag("--netboot", help="publish it to a head in there, and boot a node from that"),
            value("--node", metavar="NODE", help="with --netboot: which node (default: the first that fits)"),
            value(
                "--card",
                metavar="FILE",
                type=Path,
                words="file",
                help="with --netboot: a raw file that is the node's SD card, and is written to",
            ),
            choice(
                "--board",
                among=("virt", "virt32", "raspi0", "raspi2b", "raspi3b"),
                help="the machine to emulate (default: the quickest that runs the image)",
            ),
            value("--memory", metavar="MIB", type=int, help="memory of the machine in MiB"),
            value(
                "--ssh-port",
                metavar="PORT",
                type=int,
                help="port of this machine that leads to the node's ssh",
            ),
        ),
    ),
    _write("write", "write cards in this machine's readers: only what differs, and all of it read back"),
    _write("burn", "the same as `write`"),
    Verb(
        "shell",
        "a shell in the tree as a step sees it; what it writes is thrown away",
        ("shell docker-sdcard", "shell docker-sdcard --step 5"),
        (
            RECIPE,
            value(
                "--step",
                metavar="N",
                type=int,
                help="the step's number, as `nodebake plan` shows it (default: the last one)",
            ),
            SET,
            ENGINE,
        ),
    ),
    Verb(
        "diff",
        "what differs between two locks or two releases: packages and files, by size",
        (
            "diff before.lock locks/docker-sdcard.lock",
            "diff out/minimal/20260901-0a1b2c3d minimal",
        ),
        (
            _side("before", "the former one: a lock, a release's folder or manifest, or a recipe"),
            _side("after", "the later one"),
            JSON,
        ),
    ),
    Verb(
        "store ls",
        "what the store holds, how large it is, and which recipes use it",
        ("store ls", "store ls --json"),
        (JSON,),
    ),
    Verb(
        "store gc",
        "remove what no recipe uses, or what was not used for the longest",
        ("store gc", "store gc --limit 20G --dry-run"),
        (
            value("--limit", metavar="SIZE", help="remove until the store holds this much, like `20G`"),
            flag("--dry-run", help="only tell what would be removed"),
            JSON,
        ),
    ),
    Verb(
        "store verify",
        "look whether everything in the store is what it was",
        ("store verify", "store verify --repair"),
        (flag("--repair", help="remove what is not, and what interrupted builds left"), JSON),
    ),
    Verb(
        "store export",
        "one file with a lock and all its packages",
        ("store export docker-sdcard", "store export locks/minimal.lock /srv/keep/minimal.bundle.tar"),
        (
            Option(("lock",), "a lock file, or a recipe", {"metavar": "LOCK"}, "recipe"),
            Option(
                ("file",),
                "where to write (default: RECIPE-YYYYMMDD.bundle.tar here)",
                {"metavar": "FILE", "nargs": "?", "type": Path},
                "file",
            ),
            JSON,
        ),
    ),
    Verb(
        "store import",
        "take the packages of such a file into the store",
        ("store import /srv/keep/minimal.bundle.tar",),
        (Option(("file",), "the bundle", {"metavar": "FILE", "type": Path}, "file"), JSON),
    ),
    *HEAD_VERBS,
    *NODES_VERBS,
    *POWER_VERBS,
    *FLEET_VERBS,
    *ROLLOUT_VERBS,
    Verb(
        "schema",
        "JSON Schema of the files that people write, for editors",
        ("schema > recipe.schema.json", "schema site"),
        (
            choice(
                "of",
                among=("recipe", "site", "overlay", "cluster"),
                nargs="?",
                default="recipe",
                help="which file's schema (default: recipe)",
            ),
        ),
    ),
    Verb(
        "completion",
        "completion for a shell",
        ("completion bash > ~/.local/share/bash-completion/completions/nodebake",),
        (choice("shell", among=("bash", "zsh", "fish"), help="the shell"),),
    ),
)
