# SPDX-License-Identifier: Apache-2.0
"""Changes to `nodes:` of cluster.yaml that leave every other line of the file as it was.

Only the text of what changes is replaced, at the marks that ruamel gives. What comes out is read again, and
must say what was wanted and nothing else; otherwise the file is too unusual, and a person edits it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from builder.errors import NodebakeError, Place, RecipeError
from builder.recipe.document import Document
from builder.recipe.yaml_tree import parse

Fields: TypeAlias = Mapping[str, int | str | list[str]]

# Hex digits stand in quotes, as they do elsewhere in the file.
_PLAIN = re.compile(r"(?![0-9a-f]+$)[a-z][a-z0-9_-]*")
_NOT_PLAIN = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
_HAND = "edit it by hand; each node is best a line like `  - {number: 7}`"


@dataclass(frozen=True)
class Changes:
    """What is to become of the nodes; `changed` and `removed` go by number.

    A new node comes after the one with the number before it. Of a removed node the lines go, and comments on
    lines of their own stay.
    """

    added: tuple[Fields, ...] = ()
    changed: Mapping[int, Fields] = field(default_factory=dict)
    removed: frozenset[int] = frozenset()


def edited(document: Document, changes: Changes) -> str:
    """The text of the file with the changes; RecipeError when it is written too unusually."""
    if changes == Changes():
        return document.text
    layout = _layout(document)
    text = layout.text
    # From the end of the file to its start, so that the marks before a change still hold.
    for start, end, _, new in sorted(_splices(layout, changes), reverse=True):
        text = text[:start] + new + text[end:]
    if not _says(document.file, text, {**document.data, "nodes": _wanted(layout, changes)}):
        raise _by_hand(document, document.place(("nodes",)))
    return text


# Start, end, rank among those at the same place, new text.
_Splice = tuple[int, int, int, str]


@dataclass(frozen=True)
class _Item:
    """A node in the text: `begin` is where the line of its dash begins, `end` where its last line ends."""

    number: int
    said: Mapping[str, Any]
    node: MappingNode
    begin: int
    end: int


@dataclass(frozen=True)
class _Layout:
    """Where things are. `key_end` is the end of `nodes:`, 0 without it; `empty` the span of an empty list."""

    text: str
    items: list[_Item] = field(default_factory=list)
    key_end: int = 0
    empty: tuple[int, int] | None = None

    @property
    def newline(self) -> str:
        return "\r\n" if "\r\n" in self.text else "\n"

    @property
    def margin(self) -> str:
        """What stands before the dash of a node."""
        return self.text[self.items[0].begin :].split("-", 1)[0] if self.items else "  "

    def before(self, number: int) -> _Item | None:
        """The last of the nodes that a new one comes after."""
        return next((item for item in reversed(self.items) if item.number < number), None)


def _splices(layout: _Layout, changes: Changes) -> Iterator[_Splice]:
    for item in layout.items:
        if item.number in changes.removed:
            yield item.begin, item.end, 0, ""
        elif item.number in changes.changed:
            yield from _changed(layout, item, changes.changed[item.number])
    kept = [item for item in layout.items if item.number not in changes.removed]
    if layout.items and not kept and not changes.added:
        yield layout.key_end, layout.key_end, 0, " []"
    at: dict[int, str] = {}
    for fields in sorted(changes.added, key=_number):
        place = _place(layout, _number(fields))
        at[place] = at.get(place, "") + f"{layout.margin}- {_flow(fields)}{layout.newline}"
    if at and layout.empty:
        yield *layout.empty, 0, ""
    for place, lines in at.items():
        head = "" if layout.key_end else f"nodes:{layout.newline}"
        yield place, place, 1, head + lines


def _changed(layout: _Layout, item: _Item, fields: Fields) -> Iterator[_Splice]:
    said = {str(key.value): value for key, value in item.node.value}
    for key in fields.keys() & said.keys():
        yield said[key].start_mark.index, said[key].end_mark.index, 0, _word(fields[key])
    missing = [f"{key}: {_word(value)}" for key, value in fields.items() if key not in said]
    if missing and item.node.flow_style:
        last = _last(item.node)
        yield last, last, 0, "".join(f", {each}" for each in missing)
    elif missing:
        margin = " " * item.node.start_mark.column
        yield item.end, item.end, 0, "".join(f"{margin}{each}{layout.newline}" for each in missing)


def _place(layout: _Layout, number: int) -> int:
    """Where the line of a new node goes."""
    if layout.items:
        before = layout.before(number)
        return before.end if before else layout.items[0].begin
    return _line_end(layout.text, layout.key_end) if layout.key_end else len(layout.text)


def _wanted(layout: _Layout, changes: Changes) -> list[dict[str, Any]]:
    """The data that the new text must hold."""
    after: dict[int | None, list[dict[str, Any]]] = {}
    for fields in sorted(changes.added, key=_number):
        before = layout.before(_number(fields))
        after.setdefault(before.number if before else None, []).append(dict(fields))
    wanted = after.get(None, [])
    for item in layout.items:
        if item.number not in changes.removed:
            wanted.append({**item.said, **changes.changed.get(item.number, {})})
        wanted += after.get(item.number, [])
    return wanted


def _says(file: str, text: str, data: object) -> bool:
    try:
        return bool(parse(file, text).data == data)
    except NodebakeError:
        return False


def _layout(document: Document) -> _Layout:
    text = document.text
    root = YAML(typ="safe", pure=True).compose(text)
    if not text.endswith("\n"):
        text += "\n"
    found = [(key, value) for key, value in root.value if key.value == "nodes"]
    if not found:
        return _Layout(text)
    key, value = found[0]
    key_end = text.index(":", key.end_mark.index) + 1
    if not value.value or isinstance(value, ScalarNode):
        return _Layout(text, [], key_end, (value.start_mark.index, value.end_mark.index))
    if value.flow_style:
        raise _by_hand(document, document.place(("nodes",)))
    items = [_item(document, text, i, node) for i, node in enumerate(value.value)]
    return _Layout(text, items, key_end)


def _item(document: Document, text: str, i: int, node: Node) -> _Item:
    start, said = node.start_mark.index, document.data["nodes"][i]
    dash = text.rfind("-", 0, start)
    begin = text.rfind("\n", 0, dash) + 1
    if not isinstance(node, MappingNode) or text[dash + 1 : start].strip() or text[begin:dash].strip():
        raise _by_hand(document, document.place(("nodes", i)))
    return _Item(said["number"], said, node, begin, _line_end(text, _end(node)))


def _last(node: Node) -> int:
    """The end of the last thing that a node holds: its own end mark may be beyond comments."""
    if isinstance(node, MappingNode | SequenceNode) and node.value:
        last = node.value[-1]
        return _end(last[1] if isinstance(node, MappingNode) else last)
    return int(node.end_mark.index)


def _end(node: Node) -> int:
    """The end of a node: in brackets its end mark is right."""
    flow = isinstance(node, MappingNode | SequenceNode) and node.flow_style
    return int(node.end_mark.index) if flow else _last(node)


def _line_end(text: str, at: int) -> int:
    """Where the line ends, its line feed included."""
    return text.index("\n", at) + 1


def _flow(fields: Fields) -> str:
    return f"{{{', '.join(f'{key}: {_word(value)}' for key, value in fields.items())}}}"


def _word(value: int | str | list[str]) -> str:
    """A value as YAML: plain where that is safe, else in the quotes that JSON and YAML share."""
    if isinstance(value, list):
        return f"[{', '.join(_word(item) for item in value)}]"
    if isinstance(value, int) or (_PLAIN.fullmatch(value) and value not in _NOT_PLAIN):
        return str(value)
    return json.dumps(value, ensure_ascii=False)


def _number(fields: Fields) -> int:
    return int(str(fields["number"]))


def _by_hand(document: Document, place: Place) -> RecipeError:
    return RecipeError(
        f"`{document.file}` is written in a way that cannot be changed here", place=place, hint=_HAND
    )
