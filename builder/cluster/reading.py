# SPDX-License-Identifier: Apache-2.0
"""One reading of cluster.yaml: where its checks leave what they find wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from ipaddress import IPv4Address

from builder.errors import NodebakeError, Place, RecipeError
from builder.recipe.document import Document
from builder.recipe.near import did_you_mean


@dataclass(frozen=True)
class Reading:
    """Complaints go to `problems`, each once: a wrong default is not told sixty times."""

    document: Document
    problems: list[NodebakeError]
    _taken: dict[tuple[str, str], Place] = field(default_factory=dict)

    def problem(
        self,
        message: str,
        *path: str | int,
        hint: str | None = None,
        facts: Iterable[str] = (),
        key: bool = False,
    ) -> None:
        """The value at `path`, or its `key`, is wrong."""
        place = self.document.key(path) if key else self.document.place(path)
        if not any(old.message == message and old.place == place for old in self.problems):
            self.problems.append(RecipeError(message, place=place, hint=hint, facts=facts))

    def checked(self, check: Callable[[str], str], text: str | None, *path: str | int) -> str:
        """`text` as `check` writes it; empty when there is none, or when it raises ValueError."""
        if text is None:
            return ""
        try:
            return check(text)
        except ValueError as error:
            self.problem(f"`{text}` {error}", *path)
            return ""

    def address(self, text: str | None, *path: str | int) -> IPv4Address | None:
        """An IPv4 address; None when there is none, or when it is not one."""
        try:
            return IPv4Address(text) if text is not None else None
        except ValueError:
            self.problem(f"`{text}` is no IPv4 address", *path, hint="for instance `10.42.0.7`")
            return None

    def known(self, name: str | None, among: Iterable[str], what: str, *path: str | int) -> str:
        """`name`, which must be one of `among`; empty when there is none."""
        names = list(among)
        if name is not None and name not in names:
            hint = did_you_mean(name, names, what="there are") or f"there is no {what} at all in this file"
            self.problem(f"`{name}` is no {what}", *path, hint=hint)
        return name or ""

    def alone(self, what: str, value: str, *path: str | int) -> bool:
        """Whether `value` is there for the first time; twice is a problem."""
        place = self.document.place(path)
        first = self._taken.setdefault((what, value), place)
        if first is not place:
            self.problem(f"the {what} `{value}` is there twice", *path, facts=[f"first at {first}"])
        return first is place
