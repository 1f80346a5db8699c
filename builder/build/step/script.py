# SPDX-License-Identifier: Apache-2.0
"""A recipe's own shell script, run inside the tree."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from builder.build.bench import Bench
from builder.build.step.files import confined, read
from builder.plan.encode import decode


def run(inputs: Mapping[str, Any], bench: Bench) -> None:
    """Run the one script of `inputs["effects"]`; its declared inputs lie under /run/inputs."""
    bench.furnish()
    (effect,) = decode(inputs["effects"])
    folder = bench.tree / "run/inputs"
    folder.mkdir()
    for item in effect.inputs:
        confined(folder, item.source).write_bytes(read(item))
    path = bench.tree / "run/script"
    path.write_bytes(read(effect.source))
    path.chmod(0o755)
    bench.in_tree(["/run/script"], env={"INPUTS": "/run/inputs"})
