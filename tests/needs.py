# SPDX-License-Identifier: Apache-2.0
"""What a test needs of the machine, declared beside it: `@needs_tool("sfdisk", "mtools")`.

Without it the test skips and says why; under CI a skip is a failure (see conftest).
"""

from __future__ import annotations

import os
import pwd
import shutil
from pathlib import Path

import pytest

# Tools for disks live in sbin, which is not in every user's PATH.
PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin", "/sbin"])


def needs_tool(*names: str) -> pytest.MarkDecorator:
    """These programs are installed."""
    missing = [name for name in names if shutil.which(name, path=PATH) is None]
    reason = f"not installed: {', '.join(missing)}; `tools/setup test` installs it"
    return pytest.mark.skipif(bool(missing), reason=reason)


def needs_file(path: str, package: str) -> pytest.MarkDecorator:
    """This file of a package is there."""
    return pytest.mark.skipif(
        not Path(path).exists(), reason=f"not installed: {package}; `tools/setup test` installs it"
    )


def _subordinate_ids() -> bool:
    """Whether this user has ranges that `unshare --map-auto` can use."""
    name = pwd.getpwuid(os.geteuid()).pw_name
    return all(
        any(line.startswith(f"{name}:") for line in Path(f"/etc/sub{kind}").read_text().splitlines())
        for kind in ("uid", "gid")
    )


needs_subordinate_ids = pytest.mark.skipif(
    not _subordinate_ids(), reason="this user has no range of subordinate ids in /etc/subuid and /etc/subgid"
)

# nfs-ganesha opens files by their handles, which the kernel leaves to the machine's own root: since Linux
# 6.11 to that of other user namespaces too, but for folders only.
needs_root_for_nfs = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root's NFS server can open the files that it serves"
)
