# SPDX-License-Identifier: Apache-2.0
"""A step: one piece of building, named by the hash of everything that can change its result."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Step:
    """A step of a plan.

    `kind` names the file under `build/step/` that carries it out; `version` is that kind's
    revision, raised whenever its results change. `inputs` is plain JSON data and all that the
    step may read beside the trees of its `below` steps (ids, lowest first); project files and
    packages stand in it by their sha256. `helper` is the id of the step that made the native root.
    """

    kind: str
    version: int
    label: str
    inputs: Mapping[str, Any]
    below: tuple[str, ...] = ()
    helper: str = ""

    @property
    def id(self) -> str:
        """Hex sha256 over kind, version, inputs, steps below and helper; not over the label."""
        return digest([self.kind, self.version, self.inputs, list(self.below), self.helper])


def digest(value: object) -> str:
    """Hex sha256 of a value's canonical JSON."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
