# SPDX-License-Identifier: Apache-2.0
"""`nodebake completion`: a shell's completion, made from the table of verbs.

Names of recipes and of nodes are asked of nodebake at the time, so they are never out of date.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator

from builder.cli.verb import Option, Verb, groups
from builder.cli.verbs import EVERYWHERE, VERBS
from builder.errors import Exit
from builder.report.report import Report

# What a shell asks at the time for words of a kind.
_ASK = {
    "recipe": "nodebake list 2>/dev/null | cut -d ' ' -f 1",
    "recipes": "nodebake list 2>/dev/null | cut -d ' ' -f 1",
    "nodes": "nodebake nodes list --words 2>/dev/null",
}


def run(arguments: Namespace, report: Report) -> Exit:
    scripts = {"bash": bash, "zsh": zsh, "fish": fish}
    report.data("\n".join(scripts[arguments.shell]()))
    return Exit.DONE


def bash() -> Iterator[str]:
    """A completion function for bash."""
    yield "# bash completion of nodebake; made by `nodebake completion bash`"
    yield "_nodebake() {"
    yield '    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} verb="" each'
    yield "    # bash takes `@barA` for two words, as if it were a host's."
    yield "    [[ $before == @ ]] && word=@$word"
    yield '    for each in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do'
    yield '        case "${verb:+$verb }$each" in'
    yield f'            {_all_words()}) verb="${{verb:+$verb }}$each" ;;'
    yield "        esac"
    yield "    done"
    yield '    case "$verb $before" in'
    for pattern, option in _valued():
        yield f"        {pattern}) {_bash_reply(option)} ; return ;;"
    yield "    esac"
    yield '    case "$verb" in'
    for verb in VERBS:
        words = " ".join([*_names(verb), *_choices(verb)])
        more = "".join(f" $({asked})" for asked in _asked(verb))
        yield f'        "{verb.name}") mapfile -t COMPREPLY < <(compgen -W "{words}{more}" -- "$word") ;;'
    for first, seconds in _groups().items():
        words = " ".join([*seconds, "--help"])
        yield f'        "{first}") mapfile -t COMPREPLY < <(compgen -W "{words}" -- "$word") ;;'
    verbs = " ".join([*_first_words(), "--help", "--version", *_everywhere()])
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
    yield '        case "${verb:+$verb }$each" in'
    yield f'            {_all_words()}) verb="${{verb:+$verb }}$each" ;;'
    yield "        esac"
    yield "    done"
    yield '    case "$verb $words[CURRENT-1]" in'
    for pattern, option in _valued():
        yield f"        {pattern}) {_zsh_reply(option)}; return ;;"
    yield "    esac"
    yield '    case "$verb" in'
    for verb in VERBS:
        words = " ".join([*_names(verb), *_choices(verb)])
        more = "".join(f' ${{(f)"$({asked})"}}' for asked in _asked(verb))
        yield f'        "{verb.name}") compadd -- {words}{more} ;;'
    for first, seconds in _groups().items():
        yield f'        "{first}") compadd -- {" ".join(seconds)} --help ;;'
    yield "        *)"
    yield "            verbs=("
    for word, summary in _first_words().items():
        yield f"                {_quoted(f'{word}:{summary}')}"
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
    first_words = _first_words()
    for word, summary in first_words.items():
        unused = f"not __fish_seen_subcommand_from {' '.join(first_words)}"
        yield f"complete -c nodebake -n '{unused}' -a {word} -d {_quoted(summary)}"
    for first, seconds in groups(VERBS).items():
        unused = (
            f"__fish_seen_subcommand_from {first}; and not __fish_seen_subcommand_from {' '.join(seconds)}"
        )
        yield f"complete -c nodebake -n '{unused}' -a '{' '.join(seconds)}'"
    for verb in VERBS:
        words = "; and ".join(f"__fish_seen_subcommand_from {word}" for word in verb.name.split())
        seen = f"-n '{words}' "
        for option in verb.options:
            if not option.positional:
                yield _fish_option(seen, option)
            elif option.choices:
                yield f"complete -c nodebake {seen}-a '{' '.join(option.choices)}'"
            elif option.words in _ASK:
                yield f'complete -c nodebake {seen}-a "({_ASK[option.words]})"'


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


def _first_words() -> dict[str, str]:
    """Each verb's first word with what it is for."""
    found: dict[str, str] = {}
    for verb in VERBS:
        first, _, second = verb.name.partition(" ")
        if second:
            found.setdefault(first, ", ".join(groups(VERBS)[first]))
        else:
            found[first] = verb.summary
    return found


def _all_words() -> str:
    """A shell pattern of every verb, and of the first word of those of two."""
    return "|".join(f'"{name}"' for name in [*groups(VERBS), *(verb.name for verb in VERBS)])


def _positional(verb: Verb) -> list[Option]:
    return [option for option in verb.options if option.positional]


def _choices(verb: Verb) -> list[str]:
    """Fixed words that may follow: values of its arguments, and words that make it another verb."""
    values = [word for option in _positional(verb) for word in option.choices]
    return [*groups(VERBS).get(verb.name, ()), *values]


def _groups() -> dict[str, tuple[str, ...]]:
    """First words that are no verb by themselves."""
    single = {verb.name for verb in VERBS}
    return {first: seconds for first, seconds in groups(VERBS).items() if first not in single}


def _asked(verb: Verb) -> list[str]:
    """What completes the verb's arguments that have no fixed words."""
    return [_ASK[option.words] for option in _positional(verb) if option.words in _ASK]


def _names(verb: Verb) -> list[str]:
    own = [name for option in verb.options if not option.positional for name in option.names]
    return [*own, "--help", *_everywhere()]


def _everywhere() -> list[str]:
    return [name for option in EVERYWHERE for name in option.names]


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
