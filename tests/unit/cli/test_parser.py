# SPDX-License-Identifier: Apache-2.0
"""The command line as values, and mistakes on it as one clear error."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder import __version__
from builder.cli.parser import Told, parse
from builder.cli.project import Project
from builder.cli.verb import Verb
from builder.cli.verbs import VERBS
from builder.errors import Problems, RecipeError
from tests.fixtures import ROOT


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_every_verb_has_help_with_an_example(verb: Verb) -> None:
    with pytest.raises(Told) as told:
        parse([*verb.name.split(), "--help"])
    assert f"example:\n  nodebake {verb.name}" in told.value.text


@pytest.mark.parametrize("example", [example for verb in VERBS for example in verb.examples])
def test_every_example_is_a_right_command_line(example: str) -> None:
    words = example.split(" > ", maxsplit=1)[0].split()
    assert f"{example} ".startswith(f"{parse(words).verb} ")


@pytest.mark.parametrize("example", [each for verb in VERBS for each in verb.examples if "--set" in each])
def test_every_example_sets_what_its_recipe_has(example: str) -> None:
    arguments = parse(example.split())
    try:
        Project(ROOT).recipe(arguments.recipe, arguments.set)
    except Problems as several:
        # The shipped recipes want a site.yaml; nothing else may be wrong.
        assert [each.message for each in several.problems] == [f"nobody could log in to `{arguments.recipe}`"]


def test_help_names_every_verb() -> None:
    with pytest.raises(Told) as told:
        parse(["--help"])
    assert all(f"\n  {verb.name} " in told.value.text for verb in VERBS)


def test_what_holds_everywhere_may_stand_on_either_side() -> None:
    before = parse(["--debug", "--project", "x", "list"])
    after = parse(["list", "--project", "x", "--debug"])
    assert before == after
    assert (before.debug, before.project) == (True, Path("x"))
    assert parse(["list"]).debug is False


def test_a_verb_of_two_words() -> None:
    arguments = parse(["--debug", "store", "gc", "--limit", "1G", "--dry-run"])
    assert (arguments.verb, arguments.module) == ("store gc", "builder.cli.store.gc")
    assert (arguments.limit, arguments.dry_run, arguments.debug) == ("1G", True, True)


def test_a_verb_whose_word_is_one_of_pythons() -> None:
    assert parse(["store", "import", "x"]).module == "builder.cli.store.import_"


def test_help_of_the_first_word_of_two() -> None:
    with pytest.raises(Told) as told:
        parse(["store", "--help"])
    assert told.value.text.startswith("usage: nodebake store VERB …\n\nverbs:\n  store ls ")
    assert told.value.text.endswith("example:\n  nodebake store ls")


@pytest.mark.parametrize("asked", ["", "store", "store gc", "build"])
def test_help_may_be_asked_for_as_a_verb(asked: str) -> None:
    texts = []
    for words in (["help", *asked.split()], [*asked.split(), "--help"]):
        with pytest.raises(Told) as told:
            parse(words)
        texts.append(told.value.text)
    assert texts[0] == texts[1]


@pytest.mark.parametrize("word", ["-V", "--version"])
def test_the_version(word: str) -> None:
    with pytest.raises(Told) as told:
        parse([word])
    assert told.value.text == f"nodebake {__version__}"


def test_the_help_of_a_verb_names_those_that_go_on_from_there() -> None:
    with pytest.raises(Told) as told:
        parse(["rollout", "--help"])
    assert "\nfurther verbs:\n  rollout resume   go on after a pause," in told.value.text


def test_build() -> None:
    words = (
        "build minimal --set a=1 --set b=2 -j 4 --engine mmdebstrap --locked --only card --output o --json"
    )
    arguments = parse(words.split())
    assert arguments.module == "builder.cli.build"
    assert arguments.recipe == "minimal"
    assert arguments.set == ["a=1", "b=2"]
    assert (arguments.jobs, arguments.engine, arguments.only) == (4, "mmdebstrap", "card")
    assert (arguments.locked, arguments.json, arguments.output) == (True, True, Path("o"))


def test_settings_of_one_command_line_do_not_reach_the_next() -> None:
    parse(["build", "a", "--set", "x=1"])
    assert parse(["build", "a"]).set == []


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        ("biuld x", "there is no verb `biuld`", "did you mean `build`?"),
        ("storee ls", "there is no verb `storee`", "did you mean `store`?"),
        ("store", "`store` wants another word", "there are: `export`, `gc`, `import`, `ls`, `verify`"),
        ("store verfy", "there is no verb `store verfy`", "did you mean `verify`?"),
        ("build x --lockd", "`build` has no option `--lockd`", "did you mean `--locked`?"),
        ("build x --lock", "`build` has no option `--lock`", "did you mean `--locked`?"),
        ("list x", "`list` does not expect `x`", "`nodebake list --help` shows the options and an example"),
        ("--projct x build minimal", "`nodebake` has no option `--projct`", "did you mean `--project`?"),
        ("--projct=x", "`nodebake` has no option `--projct`", "did you mean `--project`?"),
        ("--debug", "what is to be done is missing", "`nodebake --help` shows the verbs"),
        (
            "rollout",
            "the following arguments are required: RECIPE",
            "`nodebake rollout --help` shows the options and an example",
        ),
        ("help nods", "there is no verb `nods`", "did you mean `nodes`?"),
        (
            "show",
            "the following arguments are required: RECIPE",
            "`nodebake show --help` shows the options and an example",
        ),
    ],
)
def test_a_mistake_is_one_error(words: str, message: str, hint: str) -> None:
    with pytest.raises(RecipeError) as raised:
        parse(words.split())
    assert (raised.value.message, raised.value.hint, int(raised.value.exit)) == (message, hint, 2)


def test_a_wrong_value_names_the_right_ones() -> None:
    with pytest.raises(RecipeError, match="mmdebstrap"):
        parse(["build", "x", "--engine", "magic"])
