# SPDX-License-Identifier: Apache-2.0
"""A directory of `overlays/` with its optional overlay.yaml, as effects."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from pydantic import Field

from builder.errors import Problems, RecipeError
from builder.recipe import document as documents
from builder.recipe.confine import confine, link_stays
from builder.recipe.document import Document
from builder.recipe.effect import Delete, Effect, FromFile, Inline, MakeDirectory, MakeLink, WriteFile
from builder.recipe.globs import matching
from builder.recipe.scope import Scope
from builder.recipe.sources import SourceEntry
from builder.recipe.strict import Strict
from builder.recipe.template import render_file
from builder.recipe.validate import validate
from builder.recipe.yaml_tree import read

FILE = "overlay.yaml"
_MODE = re.compile(r"[0-7]{3,4}")
_OWNER = re.compile(r"([a-z_][a-z0-9_-]*|\d+):([a-z_][a-z0-9_-]*|\d+)")


class DirectoryModel(Strict):
    """A directory to make, or to change."""

    mode: str = Field("0755", description="octal, in quotes")
    owner: str = Field("root:root", description="`user:group`")


class OverlayFile(Strict):
    """overlay.yaml. Later globs win over earlier ones; `*` stays within a folder, `**` does not."""

    modes: dict[str, str] = Field({}, description="path or glob to octal mode in quotes; else 0644 or 0755")
    owners: dict[str, str] = Field({}, description="path or glob to `user:group`; else `root:root`")
    templates: list[str] = Field([], description="globs of files to render with variables, `site`, `boards`")
    delete: list[str] = Field([], description="paths or globs of the tree to remove")
    directories: dict[str, DirectoryModel] = Field({}, description="directories to make or change")
    links: dict[str, str] = Field({}, description="path to target of symbolic links")


def expand_overlay(directory: str, scope: Scope) -> list[Effect]:
    """The effects of the overlay at `directory` (relative to the project); problems go to the scope."""
    document, model = _declaration(f"{directory}/{FILE}", scope)
    if model is None:
        return []
    entries = {
        entry.path.removeprefix(directory + "/"): entry
        for entry in scope.sources.walk(directory)
        if entry.path != f"{directory}/{FILE}"
    }
    return _Overlay(directory, document, model, entries, scope).expand()


def _declaration(file: str, scope: Scope) -> tuple[Document, OverlayFile | None]:
    empty = Document(file, {}, "")
    try:
        document = read(scope.sources, file)
    except FileNotFoundError:
        return empty, OverlayFile()
    except Problems as several:
        scope.problems.extend(several.problems)
        return empty, None
    except RecipeError as error:
        scope.problems.append(error)
        return empty, None
    return document, validate(OverlayFile, document.data, document, (), scope.problems)


@dataclass(frozen=True)
class _Overlay:
    """One overlay on its way to effects."""

    directory: str
    document: Document
    model: OverlayFile
    entries: dict[str, SourceEntry]
    scope: Scope

    def expand(self) -> list[Effect]:
        effects: list[Effect] = [
            Delete(confine(p)) for i, p in enumerate(self.model.delete) if self._ok(p, "delete", i)
        ]
        effects += self._copies()
        for path, made in self.model.directories.items():
            mode = self._mode(made.mode, "directories", path, "mode")
            owner, group = self._owner(made.owner, "directories", path, "owner")
            if self._ok(path, "directories", path):
                effects.append(MakeDirectory(confine(path), mode, owner, group))
        for path, target in self.model.links.items():
            if self._ok(path, "links", path) and self._stays(confine(path), target, "links", path):
                effects.append(MakeLink(confine(path), target))
        return effects

    def _copies(self) -> list[Effect]:
        """What lies in the directory, with the modes and owners that overlay.yaml gives."""
        made: dict[str, WriteFile | MakeDirectory] = {}
        links: list[Effect] = []
        templates = {path for i, glob in enumerate(self.model.templates) for path in self._files(glob, i)}
        for path, entry in self.entries.items():
            if not path.isprintable():
                self._fault(f"the name {path!a} holds signs that a tree may not hold")
            elif entry.kind == "o":
                self._fault(
                    f"`{entry.path}` is a device, fifo or socket; overlays hold files, folders, links"
                )
            elif entry.kind == "l":
                if self._stays(path, entry.target):
                    links.append(MakeLink(path, entry.target))
            elif entry.kind == "d":
                made[path] = MakeDirectory(path)
            else:
                made[path] = self._file(path, entry, path in templates)
        for glob, text in self.model.modes.items():
            mode = self._mode(text, "modes", glob)
            for path in self._matched(glob, made, "modes", glob):
                made[path] = replace(made[path], mode=mode)
        for glob, text in self.model.owners.items():
            owner, group = self._owner(text, "owners", glob)
            for path in self._matched(glob, made, "owners", glob):
                made[path] = replace(made[path], owner=owner, group=group)
        # A directory that only holds others is left as the tree has it: /root must not become 0755.
        holding = {path.rpartition("/")[0] for path in self.entries}
        plain = {path for path in holding if made.get(path) == MakeDirectory(path)}
        return [*(effect for path, effect in made.items() if path not in plain), *links]

    def _file(self, path: str, entry: SourceEntry, template: bool) -> WriteFile:
        mode = 0o755 if entry.executable else 0o644
        if not template:
            return WriteFile(path, FromFile(entry.path, entry.sha256, entry.size), mode)
        data = b""
        try:
            text = documents.decode(entry.path, self.scope.sources.read(entry.path))
            data = render_file(entry.path, text, self.scope.template_values()).encode()
        except RecipeError as error:
            self.scope.problems.append(error)
        return WriteFile(path, Inline(data), mode)

    def _files(self, glob: str, index: int) -> list[str]:
        files = [path for path, entry in self.entries.items() if entry.kind == "f"]
        return self._matched(glob, files, "templates", index)

    def _matched(self, glob: str, paths: Iterable[str], *at: str | int) -> list[str]:
        found = matching(glob, paths)
        if not found:
            hint = "globs are read from the overlay's top; `**` crosses folders"
            self._fault(f"`{glob}` matches nothing in `{self.directory}`", *at, hint=hint)
        return found

    def _ok(self, path: str, *at: str | int) -> bool:
        try:
            confine(path)
        except ValueError as error:
            self._fault(str(error), *at, hint="paths are read from the tree's root")
            return False
        return True

    def _stays(self, path: str, target: str, *at: str | int) -> bool:
        if link_stays(path, target):
            return True
        self._fault(
            f"the link `{path}` to `{target}` leaves its overlay",
            *at,
            hint="write the target as it is on the node, for example `/etc/name`",
        )
        return False

    def _mode(self, text: str, *at: str | int) -> int:
        if _MODE.fullmatch(text):
            return int(text, 8)
        self._fault(f"`{text}` is no mode", *at, hint='modes are octal and in quotes: "0644"')
        return 0o644

    def _owner(self, text: str, *at: str | int) -> tuple[str, str]:
        match = _OWNER.fullmatch(text)
        if match:
            return match[1], match[2]
        self._fault(f"`{text}` is no owner", *at, hint="owners are written `user:group`")
        return "root", "root"

    def _fault(self, message: str, *at: str | int, hint: str | None = None) -> None:
        """A problem in overlay.yaml when `at` names a value there, else at the layer."""
        place = self.document.key(at) if at else self.scope.place()
        self.scope.problems.append(RecipeError(message, place=place, hint=hint))
