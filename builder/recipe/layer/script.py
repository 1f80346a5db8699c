# SPDX-License-Identifier: Apache-2.0
"""`script: {run: path, inputs: […]}`: one honest shell script, run in the tree."""

from __future__ import annotations

from pydantic import Field

from builder.recipe.effect import Effect, FromFile, RunScript
from builder.recipe.scope import Scope
from builder.recipe.strict import Strict


class Model(Strict):
    """A script of the project. It sees its inputs under /run/inputs, and nothing else of the project."""

    run: str = Field(description="path of the script, relative to the project")
    inputs: list[str] = Field([], description="files of the project that it reads, or folders of them")


def expand(model: Model, scope: Scope) -> list[Effect]:
    source = scope.file(model.run, "the script", "run")
    if source is not None and not scope.sources.read(source.source).startswith(b"#!"):
        scope.problem(f"`{model.run}` does not begin with `#!`", "run", hint="begin it with `#!/bin/sh`")
    inputs = tuple(file for i, path in enumerate(model.inputs) for file in _files(path, i, scope))
    return [RunScript(source, inputs)] if source is not None else []


def _files(path: str, i: int, scope: Scope) -> list[FromFile]:
    """The file at `path`, or those below it. Links in a folder are left out: they may lead anywhere."""
    if not path.startswith("/") and ".." not in path.split("/") and scope.sources.exists(path):
        below = scope.sources.walk(path)
        if below:
            return [FromFile(e.path, e.sha256, e.size) for e in below if e.kind == "f"]
    found = scope.file(path, "the input", "inputs", i)
    return [found] if found else []
