# SPDX-License-Identifier: Apache-2.0
"""What a test needs of the machine, declared beside it: `@needs_tool("sfdisk", "mtools")`.

Without it the test skips and says why; under CI a skip is a failure (see conftest).
"""

from __future__ import annotations

import os
import shutil

import pytest

# Tools for disks live in sbin, which is not in every user's PATH.
PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin", "/sbin"])


def needs_tool(*names: str) -> pytest.MarkDecorator:
    """These programs are installed."""
    missing = [name for name in names if shutil.which(name, path=PATH) is None]
    reason = f"not installed: {', '.join(missing)}; `tools/setup test` installs it"
    return pytest.mark.skipif(bool(missing), reason=reason)
