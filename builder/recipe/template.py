# SPDX-License-Identifier: Apache-2.0
"""`{{ variable }}` in strings of recipes and in overlay files: jinja2, sandboxed, strict."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from builder.errors import NodebakeError, Place, RecipeError
from builder.recipe.document import Data, Document, Path, spot
from builder.recipe.near import did_you_mean

_WHOLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_UNKNOWN = re.compile(r"'(\w+)' is undefined")
_UNKNOWN_KEY = re.compile(r"'dict object' has no attribute '(\w+)'")


_CLUSTER = "`cluster` is what cluster.yaml says, and there is none: cp cluster.example.yaml cluster.yaml"


class TemplateError(RecipeError):
    """A value that could not be rendered: further complaints about it mean nothing."""


def render_data(
    data: Data, document: Document, path: Path, variables: Mapping[str, Any], problems: list[NodebakeError]
) -> Data:
    """`data` with every string rendered. A string that is one variable alone takes its typed value."""
    if isinstance(data, dict):
        return {k: render_data(v, document, (*path, k), variables, problems) for k, v in data.items()}
    if isinstance(data, list):
        return [render_data(v, document, (*path, i), variables, problems) for i, v in enumerate(data)]
    if not isinstance(data, str) or not _is_template(data):
        return data
    whole = _WHOLE.fullmatch(data.strip())
    if whole and whole[1] in variables:
        return variables[whole[1]]
    try:
        return render(data, variables)
    except TemplateFault as fault:
        problems.append(fault.error(document.place(path)))
    return data


def render_file(file: str, text: str, variables: Mapping[str, Any]) -> str:
    """A template file, rendered; its faults name the line in the file."""
    try:
        return render(text, variables)
    except TemplateFault as fault:
        raise fault.error(spot(file, text, fault.line, 1)) from None


class TemplateFault(Exception):
    """A template that cannot be rendered; `line` counts from 1 within the template."""

    def __init__(self, message: str, line: int, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.hint = hint

    def error(self, place: Place) -> TemplateError:
        """As an error at a place."""
        return TemplateError(f"template: {self.message}", place=place, hint=self.hint)


def _is_template(text: str) -> bool:
    return "{{" in text or "{%" in text or "{#" in text


def render(text: str, variables: Mapping[str, Any]) -> str:
    """`text` rendered; TemplateFault says what is wrong with it."""
    if not _is_template(text):
        return text
    # Nothing but known names, the usual case: the same text as jinja2's, without the time to import it.
    plain, rest = _WHOLE.findall(text), _WHOLE.sub("", text)
    if not _is_template(rest) and "}}" not in rest and variables.keys() >= set(plain):
        return _WHOLE.sub(lambda match: str(variables[match[1]]), text)
    from jinja2 import StrictUndefined, TemplateSyntaxError, UndefinedError
    from jinja2.sandbox import SandboxedEnvironment

    environment = SandboxedEnvironment(undefined=StrictUndefined, keep_trailing_newline=True)
    try:
        return environment.from_string(text).render(variables)
    except TemplateSyntaxError as error:
        raise TemplateFault(_lower(error.message or "syntax error"), error.lineno) from None
    except UndefinedError as error:
        message = error.message or ""
        key = _UNKNOWN_KEY.search(message)
        if key:
            raise TemplateFault(
                f"there is no `{key[1]}` here", _line(error), _key_hint(key[1], variables)
            ) from None
        unknown = _UNKNOWN.search(message)
        if unknown is None:
            raise TemplateFault(_lower(message), _line(error)) from None
        hint = _CLUSTER if unknown[1] == "cluster" else did_you_mean(unknown[1], variables, what="variables")
        raise TemplateFault(f"`{unknown[1]}` is not a variable", _line(error), hint) from None
    except Exception as error:  # whatever an expression can raise: 1/0, a forbidden attribute
        raise TemplateFault(_lower(str(error)), _line(error)) from None


def _key_hint(key: str, variables: Mapping[str, Any]) -> str | None:
    """Keys that are near, of everything that has keys; else those of `site`."""
    below = did_you_mean(key, _keys(variables.get("cluster")))
    return below or did_you_mean(key, variables.get("site", {}), what="keys of `site`")


def _keys(value: object) -> set[str]:
    """All keys anywhere in a value."""
    if isinstance(value, dict):
        return {*value, *(key for item in value.values() for key in _keys(item))}
    return {key for item in value for key in _keys(item)} if isinstance(value, list) else set()


def _lower(message: str) -> str:
    return (message[:1].lower() + message[1:]).replace("'", "`").rstrip(".")


def _line(error: BaseException) -> int:
    """The template's line that was being rendered: jinja2 puts it into the traceback."""
    line, trace = 1, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
