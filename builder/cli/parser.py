# SPDX-License-Identifier: Apache-2.0
"""From words to a namespace, in two stages: what holds everywhere and the verb, then the verb's own options.

Nothing here prints or exits: help and version are raised as `Told`, mistakes as RecipeError.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NoReturn

from builder import __version__
from builder.cli.verb import Option, Verb, groups
from builder.cli.verbs import EVERYWHERE, VERBS
from builder.errors import RecipeError

_HELPED = "`{} --help` shows the options and an example"


class Told(Exception):
    """The command line asked for a text, and this is it."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """The command line as a namespace, with `verb` and the `module` that runs it."""
    top = top_parser()
    if not argv:
        raise Told(top.format_help())
    first, unknown = top.parse_known_args(argv)
    if unknown:
        raise _no_option(unknown[0], "nodebake", EVERYWHERE)
    if first.verb is None:
        raise RecipeError("what is to be done is missing", hint="`nodebake --help` shows the verbs")
    if first.verb == "help":
        return parse([*first.rest, "--help"])
    verb, rest = _verb(first.verb, first.rest)
    parser = verb_parser(verb)
    known = argparse.Namespace(**{**_without(first, "rest"), "verb": verb.name})
    if verb.command:
        rest, known.command = _command(rest)
    arguments, unknown = parser.parse_known_args(rest, known)
    if unknown:
        raise _unexpected(unknown[0], verb)
    arguments.module = verb.module
    return arguments


def top_parser() -> argparse.ArgumentParser:
    """The parser of what stands before the verb and of the verb itself."""
    parser = _Parser(
        prog="nodebake",
        usage="nodebake VERB …",
        description="Bake Raspberry Pi card images from recipes.",
        epilog="\n".join(
            [
                "verbs:",
                *_listed(VERBS),
                "",
                "example:",
                "  nodebake build docker-sdcard",
                "",
                "`nodebake VERB --help` tells more of a verb.",
            ]
        ),
    )
    parser.add_argument(
        "-V", "--version", action=_Tell, text=f"nodebake {__version__}", help="show the version"
    )
    _add(parser, EVERYWHERE)
    verb = parser.add_argument("verb", metavar="VERB", help=argparse.SUPPRESS)
    rest = parser.add_argument("rest", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    # Were they required, a misspelt option without them would be told as a verb that is missing.
    verb.required = rest.required = False
    return parser


def verb_parser(verb: Verb) -> argparse.ArgumentParser:
    """The parser of one verb; it takes the options that hold everywhere too."""
    parser = _Parser(
        prog=f"nodebake {verb.name}",
        description=f"{verb.summary[0].upper()}{verb.summary[1:]}.",
        epilog="\n".join([*_further(verb), "example:", *(f"  nodebake {each}" for each in verb.examples)]),
    )
    _add(parser, verb.options)
    if verb.command:
        usage = parser.format_usage().removeprefix("usage: ").rstrip()
        parser.usage = f"{usage} -- {verb.command}".replace("%", "%%")
    # Their values are known from the first stage: only what stands here may change them.
    _add(parser.add_argument_group("everywhere"), EVERYWHERE, {"default": argparse.SUPPRESS})
    return parser


class _Parser(argparse.ArgumentParser):
    """An ArgumentParser that raises."""

    def __init__(self, *, prog: str, description: str, epilog: str, usage: str | None = None) -> None:
        super().__init__(
            prog=prog,
            usage=usage,
            description=description,
            epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            add_help=False,
            allow_abbrev=False,
        )
        self.add_argument("-h", "--help", action=_Tell, help="show this help")

    def error(self, message: str) -> NoReturn:
        raise RecipeError(message.replace("'", "`"), hint=_HELPED.format(self.prog))


class _Tell(argparse.Action):
    """An option that asks for a text: its own, or else the parser's help."""

    def __init__(
        self, option_strings: Sequence[str], dest: str, text: str = "", help: str | None = None
    ) -> None:
        super().__init__(
            option_strings, dest=argparse.SUPPRESS, nargs=0, default=argparse.SUPPRESS, help=help
        )
        self.text = text

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        raise Told(self.text or parser.format_help())


def _add(
    parser: argparse._ActionsContainer, options: Iterable[Option], settings: Mapping[str, Any] | None = None
) -> None:
    for option in options:
        # Words that may be none are told as missing, together with what is, unless they have a default.
        none: dict[str, Any] = {"default": []} if option.settings.get("nargs") == "*" else {}
        parser.add_argument(
            *option.names, help=option.help, **{**none, **option.settings, **(settings or {})}
        )


def _verb(name: str, rest: list[str]) -> tuple[Verb, list[str]]:
    """The verb of one word or two, and what stands behind it."""
    named = {verb.name: verb for verb in VERBS}
    seconds = groups(VERBS)
    if rest and f"{name} {rest[0]}" in named:
        return named[f"{name} {rest[0]}"], rest[1:]
    if name in named:
        return named[name], rest
    if name in seconds and rest and rest[0] in ("-h", "--help"):
        raise Told(_group_help(name))
    from builder.recipe.near import did_you_mean

    if name in seconds:
        asked = rest[0] if rest else ""
        raise RecipeError(
            f"there is no verb `{name} {asked}`" if asked else f"`{name}` wants another word",
            hint=did_you_mean(asked, seconds[name], what="there are"),
        )
    known = [*(verb for verb in named if " " not in verb), *seconds]
    raise RecipeError(f"there is no verb `{name}`", hint=did_you_mean(name, known, what="the verbs are"))


def _command(words: list[str]) -> tuple[list[str], list[str]]:
    """Our own words, and the command line behind `--`, which is read by nobody here."""
    at = words.index("--") if "--" in words else len(words)
    return words[:at], words[at + 1 :]


def _group_help(name: str) -> str:
    verbs = _group(name)
    lines = [f"usage: nodebake {name} VERB …", "", "verbs:", *_listed(verbs)]
    return "\n".join([*lines, "", "example:", f"  nodebake {verbs[0].examples[0]}"])


def _further(verb: Verb) -> list[str]:
    """The verbs of two words that begin as this one is called, for its help."""
    verbs = _group(verb.name)
    return ["further verbs:", *_listed(verbs), ""] if verbs else []


def _group(name: str) -> list[Verb]:
    return [verb for verb in VERBS if verb.name.startswith(f"{name} ")]


def _listed(verbs: Sequence[Verb]) -> list[str]:
    width = max(len(verb.name) for verb in verbs)
    return [f"  {verb.name:<{width}}  {verb.summary}" for verb in verbs]


def _unexpected(word: str, verb: Verb) -> RecipeError:
    if word.startswith("-"):
        return _no_option(word, verb.name, (*verb.options, *EVERYWHERE))
    return RecipeError(
        f"`{verb.name}` does not expect `{word}`", hint=_HELPED.format(f"nodebake {verb.name}")
    )


def _no_option(word: str, who: str, options: Iterable[Option]) -> RecipeError:
    from builder.recipe.near import did_you_mean

    name = word.split("=", 1)[0]
    names = [each for option in options for each in option.names if each.startswith("--")]
    helped = _HELPED.format(who if who == "nodebake" else f"nodebake {who}")
    return RecipeError(
        f"`{who}` has no option `{name}`", hint=did_you_mean(name, names, what="it has") or helped
    )


def _without(namespace: argparse.Namespace, name: str) -> dict[str, Any]:
    return {key: value for key, value in vars(namespace).items() if key != name}
