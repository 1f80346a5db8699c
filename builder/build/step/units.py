# SPDX-License-Identifier: Apache-2.0
"""systemd units: enabled, disabled, masked, by the helper's systemctl on the tree."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from builder.build.bench import TREE_IN_HELPER, Bench
from builder.plan.encode import decode


def run(inputs: Mapping[str, Any], bench: Bench) -> None:
    """Bring the units of `inputs["effects"]` into the states that they ask for."""
    bench.show_to_helper()
    for effect in decode(inputs["effects"]):
        argv = ["systemctl", f"--root={TREE_IN_HELPER}", effect.state, effect.unit]
        # It would run the tree's update-rc.d from outside the tree.
        bench.in_helper(argv, env={"SYSTEMCTL_SKIP_SYSV": "1"})
