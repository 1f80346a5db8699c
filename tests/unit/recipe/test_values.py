# SPDX-License-Identifier: Apache-2.0
"""Variables from the command line, and templates."""

from __future__ import annotations

import pytest

from builder.recipe.template import TemplateFault, render
from builder.recipe.variable import Type, VariableModel, from_text


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("string", "a b", "a b"),
        ("integer", "-7", -7),
        ("boolean", "true", True),
        ("size", "1024M", "1G"),
        ("list", "a, b,", ["a", "b"]),
        ("list", "", []),
        ("choice", "x", "x"),
    ],
)
def test_settings_are_typed(kind: Type, text: str, value: object) -> None:
    assert from_text(VariableModel(type=kind, choices=["x"]), text) == value


@pytest.mark.parametrize(
    ("kind", "text"), [("integer", "1.5"), ("boolean", "yes"), ("size", "big"), ("choice", "y")]
)
def test_settings_of_another_type_are_refused(kind: Type, text: str) -> None:
    with pytest.raises(ValueError, match=r"^wants "):
        from_text(VariableModel(type=kind, choices=["x"]), text)


@pytest.mark.parametrize(
    "text", ["{{ a }}-{{b}}\n", "{{ a }}{{ n }}{{ t }}", "x {{a}} {# c #}", "{{ a|upper }}"]
)
def test_names_alone_are_rendered_as_jinja_does(text: str) -> None:
    values = {"a": "A b", "b": ["x", "y"], "n": 7, "t": True}
    # A comment sends the text through jinja2.
    assert render(text, values) == render(text + "{##}", values)


def test_a_fault_names_its_line() -> None:
    with pytest.raises(TemplateFault) as caught:
        render("one\ntwo\n{{ three }}\n", {"tree": 1})
    assert (caught.value.line, caught.value.hint) == (3, "did you mean `tree`?")


@pytest.mark.parametrize(
    "text", ["{{ 1/0 }}", "{% for %}", "{{ a.b.c }}", "{{ range(10**9)|list }}", "}} {{"]
)
def test_no_template_makes_a_traceback(text: str) -> None:
    with pytest.raises(TemplateFault):
        render(text, {"a": "x"})
