# SPDX-License-Identifier: Apache-2.0
"""`packages: [name, …]`: Debian packages by name. Recommends are not installed."""

from __future__ import annotations

import re

from builder.recipe.effect import Effect, Package
from builder.recipe.scope import Scope
from builder.recipe.strict import StrictList

_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]+")


class Model(StrictList):
    """Packages to install, by name; what they only recommend is not installed."""


def expand(model: Model, scope: Scope) -> list[Effect]:
    refused = dict(scope.base.refused)
    for i, name in enumerate(model.root):
        if name in refused:
            scope.problem(f"`{name}` cannot be on the base `{scope.base.name}`: {refused[name]}", i)
        elif not _NAME.fullmatch(name):
            hint = "names are lower case; versions and architectures are the lock's business"
            scope.problem(f"`{name}` is no package name", i, hint=hint)
    return [Package(name) for name in model.root]
