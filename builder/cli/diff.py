# SPDX-License-Identifier: Apache-2.0
"""`nodebake diff`: packages and files that were added, went or changed, by size."""

from __future__ import annotations

from argparse import Namespace
from collections import Counter
from collections.abc import Iterator, Sequence

from builder.cli.project import Project, project_of
from builder.cli.sides import side
from builder.errors import Exit, NodebakeError
from builder.lock.lock import Lock
from builder.release.compare import Contents, Difference, compare, of_lock, of_release
from builder.report import units
from builder.report.report import Report

_SIGNS = {"added": "+", "gone": "-", "changed": "~"}


def run(arguments: Namespace, report: Report) -> Exit:
    project = a_project(arguments)
    before, after = (_contents(word, project) for word in (arguments.before, arguments.after))
    packages = compare(before.packages, after.packages)
    files = None
    if before.files is not None and after.files is not None:
        files = compare(before.files, after.files)
    if arguments.json:
        told = {"packages": [_json(each) for each in packages]}
        report.json({**told, **({} if files is None else {"files": [_json(each) for each in files]})})
        return Exit.DONE
    report.data("\n".join(_text("packages", packages)))
    if files is None:
        report.say("files are compared between two releases only")
    else:
        report.data("\n".join(_text("files", files)))
    return Exit.DONE


def a_project(arguments: Namespace) -> Project | None:
    """The project, where there is one: files can be named without."""
    try:
        return project_of(arguments)
    except NodebakeError:
        if arguments.project is not None:
            raise
        return None


def _contents(word: str, project: Project | None) -> Contents:
    found = side(word, project)
    return of_lock(found) if isinstance(found, Lock) else of_release(found)


def _text(noun: str, differences: Sequence[Difference]) -> Iterator[str]:
    count = Counter(each.state for each in differences)
    words = ", ".join(f"{count[state]} {state}" for state in _SIGNS if count[state])
    growths = [each.growth for each in differences if each.growth is not None]
    total = f", {_signed(sum(growths))}" if growths else ""
    yield f"{noun}: {words or 'the same'}{total}"
    for each in differences:
        versions = [thing.traits.get("version", "") for thing in (each.before, each.after) if thing]
        what = " → ".join(dict.fromkeys(version for version in versions if version))
        if "version" not in each.traits and each.traits:
            what = f"{what} ({', '.join(each.traits)})".strip()
        growth = "" if each.growth is None else _signed(each.growth)
        yield "  ".join(part for part in (f"{_SIGNS[each.state]} {each.name}", what, growth) if part)


def _signed(count: int) -> str:
    return f"{'-' if count < 0 else '+'}{units.size(abs(count))}"


def _json(each: Difference) -> dict[str, object]:
    """The two sides; a size that is not known is left out."""
    sides = {
        name: {**({} if thing.size is None else {"size": thing.size}), **thing.traits} if thing else None
        for name, thing in (("before", each.before), ("after", each.after))
    }
    return {"name": each.name, "state": each.state, "traits": each.traits, **sides}
