# SPDX-License-Identifier: Apache-2.0
"""The verbs: the table of contents of the command line."""

from __future__ import annotations

from pathlib import Path

from builder.cli.verb import Option, Verb, choice, flag, value
from builder.report.choose import PROGRESS

JSON = flag("--json", help="print the answer as JSON")
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
OUTPUT_DIRECTORY = value(
    "--output",
    metavar="DIR",
    type=Path,
    words="directory",
    help="where the results go (default: out/RECIPE/VERSION, or below NODEBAKE_OUT)",
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
        ("show docker-sdcard", "show minimal --set hostname=node07"),
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
        ("build docker-sdcard", "build minimal --set hostname=node07 --output /srv/images/node07"),
        (
            RECIPE,
            value("--only", metavar="OUTPUT", words="output", help="build this output of the recipe only"),
            SET,
            flag("--locked", help="insist on the lock file that is there"),
            OUTPUT_DIRECTORY,
            ENGINE,
            value("-j", "--jobs", metavar="N", type=int, help="processors to use (default: all)"),
            JSON,
        ),
    ),
    Verb(
        "boot",
        "boot the built image in an emulator, with console and ssh port",
        ("boot docker-sdcard", "boot minimal --board raspi3b"),
        (
            RECIPE,
            SET,
            choice("--board", among=("virt", "raspi3b"), default="virt", help="the machine to emulate"),
            value("--memory", metavar="MIB", type=int, help="memory of the machine in MiB"),
            value(
                "--ssh-port",
                metavar="PORT",
                type=int,
                help="port of this machine that leads to the node's ssh",
            ),
        ),
    ),
    Verb(
        "schema",
        "JSON Schema of the files that people write, for editors",
        ("schema > recipe.schema.json", "schema site"),
        (
            choice(
                "of",
                among=("recipe", "site", "overlay"),
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
