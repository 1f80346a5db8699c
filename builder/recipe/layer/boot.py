# SPDX-License-Identifier: Apache-2.0
"""`boot: {config: […], cmdline: […]}`: lines of config.txt and words of the kernel command line."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, Tag

from builder.board import definition as boards
from builder.recipe.effect import CmdlineWord, ConfigTxt, Effect
from builder.recipe.either import by_type
from builder.recipe.near import did_you_mean
from builder.recipe.scope import Scope
from builder.recipe.strict import Strict

_FILTERS = ("all", "pi0", "pi0w", "pi02", "pi1", "pi2", "pi3", "pi3+", "pi4", "pi400", "cm4", "pi5")
_OURS = ("root", "rootfstype", "rootwait", "init")


class Model(Strict):
    """Boot settings that survive a kernel upgrade on the node."""

    config: list[
        Annotated[
            Annotated[str, Tag("<word>")] | Annotated[dict[str, list[str]], Tag("<mapping>")],
            by_type(str, dict),
        ]
    ] = Field([], description="lines for config.txt; `{pi4: [lines]}` for one board or filter only")
    cmdline: list[str] = Field([], description="words for the kernel command line")


def expand(model: Model, scope: Scope) -> list[Effect]:
    effects: list[Effect] = []
    for i, item in enumerate(model.config):
        if isinstance(item, str):
            effects += _line(item, "", scope, "config", i)
            continue
        for name, lines in item.items():
            section = boards.section(name) if name in boards.names() else name
            if section not in _FILTERS:
                hint = did_you_mean(name, [*_FILTERS, *boards.names()])
                scope.problem(
                    f"`{name}` is no board or filter of config.txt", "config", i, name, hint=hint, key=True
                )
            for n, line in enumerate(lines):
                effects += _line(line, "" if section == "all" else section, scope, "config", i, name, n)
    for i, word in enumerate(model.cmdline):
        effects += _word(word, scope, "cmdline", i)
    return effects


def _line(line: str, section: str, scope: Scope, *at: str | int) -> list[Effect]:
    if "\n" in line or not line.strip():
        scope.problem("one line of config.txt, please", *at)
    elif line.lstrip().startswith("["):
        hint = "write `- pi4: [line, …]`"
        scope.problem(f"`{line}` would change the filter of the lines below it", *at, hint=hint)
    elif line.startswith("dtoverlay=") and not scope.base.overlays:
        hint = "it has no overlays/*.dtbo, so the firmware would ignore it silently"
        scope.problem(f"`{line}` cannot work on the base `{scope.base.name}`", *at, hint=hint)
    else:
        return [ConfigTxt(line.strip(), section)]
    return []


def _word(word: str, scope: Scope, *at: str | int) -> list[Effect]:
    if not word or any(sign.isspace() for sign in word):
        scope.problem(f"`{word}` is not one word", *at, hint="one list item for each word")
    elif word.split("=", maxsplit=1)[0] in _OURS:
        scope.problem(f"`{word}` is the image's own business", *at, hint="leave it out: the build writes it")
    elif word == "resize":
        hint = "the overlay `node-firstboot` grows the root file system and leaves the id as it is"
        scope.problem("`resize` has Raspberry Pi OS rewrite the disk's id at the first boot", *at, hint=hint)
    else:
        return [CmdlineWord(word)]
    return []
