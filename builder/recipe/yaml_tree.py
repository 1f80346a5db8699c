# SPDX-License-Identifier: Apache-2.0
"""From YAML text to data with places, by way of ruamel's nodes, which know where they stand."""

from __future__ import annotations

from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from builder.errors import NodebakeError, Place, Problems, RecipeError
from builder.recipe.document import Data, Document, Path, decode, spot
from builder.recipe.sources import Sources

_TAG = "tag:yaml.org,2002:"
_MOST_NODES = 50_000  # aliases of aliases grow without bound


def read(sources: Sources, file: str) -> Document:
    """Read and parse; FileNotFoundError is the caller's to tell, other faults are RecipeErrors."""
    return parse(file, decode(file, sources.read(file)))


def parse(file: str, text: str) -> Document:
    """The one document of `text`; syntax errors and duplicate keys are told with their places."""
    try:
        root = YAML(typ="safe", pure=True).compose(text)
    except MarkedYAMLError as error:
        raise _syntax(file, text, error) from None
    except (YAMLError, RecursionError) as error:
        line = str(error).strip().splitlines()[0]
        raise RecipeError(f"this is not YAML: {line}", place=Place(file, 1, 1)) from None
    walk = _Walk(file, text)
    try:
        data = walk.convert(root, ()) if root is not None else {}
    except RecursionError:
        raise RecipeError("the YAML is nested too deeply", place=Place(file, 1, 1)) from None
    if walk.problems:
        raise Problems(walk.problems)
    return Document(file, data, text, walk.values, walk.keys)


def _syntax(file: str, text: str, error: MarkedYAMLError) -> RecipeError:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line, mark.column) if mark else (0, 0)
    lines = text.split("\n")
    here = lines[line] if line < len(lines) else ""
    if "\t" in here[: column + 1]:
        column = here.index("\t")
        return RecipeError(
            "a tab where YAML wants spaces",
            place=spot(file, text, line + 1, column + 1),
            hint="indent with spaces",
        )
    problem = (error.problem or error.context or "cannot be read").replace("\n", " ")
    return RecipeError(f"this is not YAML: {problem}", place=spot(file, text, line + 1, column + 1))


class _Walk:
    """One conversion: collects places and problems on its way down."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.text = text
        self.values: dict[Path, Place] = {}
        self.keys: dict[Path, Place] = {}
        self.problems: list[NodebakeError] = []

    def convert(self, node: Node, path: Path) -> Data:
        self.values[path] = self._place(node)
        if len(self.values) > _MOST_NODES:
            raise RecipeError("the file is too large once its aliases are followed", place=self._place(node))
        if isinstance(node, MappingNode):
            return self._mapping(node, path)
        if isinstance(node, SequenceNode):
            return [self.convert(item, (*path, i)) for i, item in enumerate(node.value)]
        return self._scalar(node)

    def _mapping(self, node: MappingNode, path: Path) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key_node, value_node in node.value:
            place = self._place(key_node)
            if not isinstance(key_node, ScalarNode):
                self.problems.append(RecipeError("a key must be a word", place=place))
                continue
            key = str(key_node.value)
            below = (*path, key)
            if key in data:
                first = self.keys[below]
                self.problems.append(
                    RecipeError(
                        f"the key `{key}` is there twice",
                        place=place,
                        facts=[f"first at {first}"],
                        hint="keep one of them",
                    )
                )
                continue
            self.keys[below] = place
            data[key] = self.convert(value_node, below)
        return data

    def _scalar(self, node: Node) -> Data:
        try:
            return self._value(node)
        except ValueError:  # `!!int x`, or more digits than Python converts
            self.problems.append(RecipeError("this is no number", place=self._place(node)))
        return None

    def _value(self, node: Node) -> Data:
        tag, value = str(node.tag), str(node.value)
        kind = tag.removeprefix(_TAG)
        if kind == "null":
            return None
        if kind == "bool":
            return value.lower() == "true"
        if kind == "int":
            number = value.replace("_", "")
            return int(number, 0) if number.lstrip("+-").startswith(("0o", "0x")) else int(number)
        if kind == "float":
            return float(value.replace("_", "").lower().replace(".inf", "inf").replace(".nan", "nan"))
        if kind not in ("str", "timestamp"):
            self.problems.append(RecipeError(f"the tag `{tag}` means nothing here", place=self._place(node)))
        return value

    def _place(self, node: Node) -> Place:
        mark = node.start_mark
        return spot(self.file, self.text, mark.line + 1, mark.column + 1)
