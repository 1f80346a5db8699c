# SPDX-License-Identifier: Apache-2.0
"""`nodebake completion`: a shell's completion, made from the table of verbs.

Names of recipes are asked of `nodebake list` at the time, so they are never out of date.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator

from builder.cli.verb import Option, Verb
from builder.cli.verbs import EVERYWHERE, VERBS
from builder.errors import Exit
from builder.report.report import Report

_RECIPES = "nodebake list 2>/dev/null | cut -d ' ' -f 1"


def run(arguments: Namespace, report: Report) -> Exit:
    scripts = {"bash": bash, "zsh": zsh, "fish": fish}
    report.data("\n".join(scripts[arguments.shell]()))
    return Exit.DONE


def bash() -> Iterator[str]:
    """A completion function for bash."""
    yield "# bash completion of nodebake; made by `nodebake completion bash`"
    yield "_nodebake() {"
    yield '    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} verb="" each'
    yield '    for each in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do'
    yield '        case "$each" in'
    yield f"            {'|'.join(verb.name for verb in VERBS)}) verb=$each; break ;;"
    yield "        esac"
    yield "    done"
    yield '    case "$verb $before" in'
    for pattern, option in _valued():
        yield f"        {pattern}) {_bash_reply(option)} ; return ;;"
    yield "    esac"
    yield '    case "$verb" in'
    for verb in VERBS:
        words = " ".join([*_names(verb), *(word for option in _positional(verb) for word in option.choices)])
        more = (
            f" $({_RECIPES})"
            if any(option.words.startswith("recipe") for option in _positional(verb))
            else ""
        )
        yield f'        {verb.name}) mapfile -t COMPREPLY < <(compgen -W "{words}{more}" -- "$word") ;;'
    verbs = " ".join([*(verb.name for verb in VERBS), "--help", "--version", *_everywhere()])
    yield f'        *) mapfile -t COMPREPLY < <(compgen -W "{verbs}" -- "$word") ;;'
    yield "    esac"
    yield "}"
    yield "complete -F _nodebake nodebake"


def zsh() -> Iterator[str]:
    """A completion function for zsh."""
    yield "#compdef nodebake"
    yield "# zsh completion of nodebake; made by `nodebake completion zsh`"
    yield "_nodebake() {"
    yield "    local -a verbs recipes"
    yield "    local verb each"
    yield "    for each in ${words[2,CURRENT-1]}; do"
    yield '        case "$each" in'
    yield f"            {'|'.join(verb.name for verb in VERBS)}) verb=$each; break ;;"
    yield "        esac"
    yield "    done"
    yield '    case "$verb $words[CURRENT-1]" in'
    for pattern, option in _valued():
        yield f"        {pattern}) {_zsh_reply(option)}; return ;;"
    yield "    esac"
    yield '    case "$verb" in'
    for verb in VERBS:
        words = " ".join([*_names(verb), *(word for option in _positional(verb) for word in option.choices)])
        more = (
            f' ${{(f)"$({_RECIPES})"}}'
            if any(o.words.startswith("recipe") for o in _positional(verb))
            else ""
        )
        yield f"        {verb.name}) compadd -- {words}{more} ;;"
    yield "        *)"
    yield "            verbs=("
    for verb in VERBS:
        yield f"                {_quoted(f'{verb.name}:{verb.summary}')}"
    yield "            )"
    yield "            _describe verb verbs"
    yield f"            compadd -- --help --version {' '.join(_everywhere())} ;;"
    yield "    esac"
    yield "}"
    yield 'if [ "$funcstack[1]" = _nodebake ]; then _nodebake "$@"; else compdef _nodebake nodebake; fi'


def fish() -> Iterator[str]:
    """Completion rules for fish."""
    yield "# fish completion of nodebake; made by `nodebake completion fish`"
    yield "complete -c nodebake -f"
    for option in EVERYWHERE:
        yield _fish_option("", option)
    names = " ".join(verb.name for verb in VERBS)
    for verb in VERBS:
        unused = f"not __fish_seen_subcommand_from {names}"
        yield f"complete -c nodebake -n '{unused}' -a {verb.name} -d {_quoted(verb.summary)}"
    for verb in VERBS:
        seen = f"-n '__fish_seen_subcommand_from {verb.name}' "
        for option in verb.options:
            if not option.positional:
                yield _fish_option(seen, option)
            elif option.choices:
                yield f"complete -c nodebake {seen}-a '{' '.join(option.choices)}'"
            elif option.words.startswith("recipe"):
                yield f'complete -c nodebake {seen}-a "({_RECIPES})"'


def _bash_reply(option: Option) -> str:
    if option.choices:
        return f'mapfile -t COMPREPLY < <(compgen -W "{" ".join(option.choices)}" -- "$word")'
    kind = {"directory": "-d", "file": "-f"}.get(option.words)
    return f'mapfile -t COMPREPLY < <(compgen {kind} -- "$word")' if kind else "COMPREPLY=()"


def _zsh_reply(option: Option) -> str:
    if option.choices:
        return f"compadd -- {' '.join(option.choices)}"
    return {"directory": "_files -/", "file": "_files"}.get(option.words, "_message value")


def _fish_option(condition: str, option: Option) -> str:
    names = " ".join(f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in option.names)
    value = ""
    if option.choices:
        value = f" -x -a '{' '.join(option.choices)}'"
    elif option.takes_value:
        value = " -r -F" if option.words in ("directory", "file") else " -x"
    return f"complete -c nodebake {condition}{names}{value} -d {_quoted(option.help)}"


def _valued() -> Iterator[tuple[str, Option]]:
    """Each option with a value, with a shell pattern for `VERB OPTION` on the way to it."""
    for option in EVERYWHERE:
        if option.takes_value:
            yield "|".join(f'*" {name}"' for name in option.names), option
    for verb in VERBS:
        for option in verb.options:
            if option.takes_value and not option.positional:
                yield "|".join(f'"{verb.name} {name}"' for name in option.names), option


def _positional(verb: Verb) -> list[Option]:
    return [option for option in verb.options if option.positional]


def _names(verb: Verb) -> list[str]:
    own = [name for option in verb.options if not option.positional for name in option.names]
    return [*own, "--help", *_everywhere()]


def _everywhere() -> list[str]:
    return [name for option in EVERYWHERE for name in option.names]


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
