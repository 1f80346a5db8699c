# SPDX-License-Identifier: Apache-2.0
"""Step kinds: what building knows how to do, one file each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from builder.build.bench import Bench
from builder.build.step import files, finish, firmware, images, mmdebstrap, packages, script, units, users

KINDS: dict[str, Callable[[Mapping[str, Any], Bench], None]] = {
    "packages": packages.run,
    "mmdebstrap": mmdebstrap.run,
    "firmware": firmware.run,
    "files": files.run,
    "images": images.run,
    "users": users.run,
    "units": units.run,
    "script": script.run,
    "finish": finish.run,
}
"""Kind → what carries it out; the helper is apart, for it is no layer of the tree."""
