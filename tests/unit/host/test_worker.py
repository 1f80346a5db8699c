# SPDX-License-Identifier: Apache-2.0
"""What a worker says when this machine does not let it make its namespaces."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from builder.host import worker


def _machine(monkeypatch: pytest.MonkeyPatch, **files: str) -> None:
    """A /proc with these files below /proc/sys, two underscores for a slash."""
    known = {f"/proc/sys/{name.replace('__', '/')}": text for name, text in files.items()}
    monkeypatch.setattr(Path, "exists", lambda path: str(path) in known)
    monkeypatch.setattr(Path, "read_text", lambda path: known[str(path)])


def test_a_limit_of_none_names_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    _machine(monkeypatch, user__max_user_namespaces="0\n")
    told = worker._forbidden(OSError(errno.ENOSPC, "No space left on device"))
    assert told["facts"] == ["unshare: No space left on device", "user.max_user_namespaces = 0"]
    assert told["hint"] == "sudo sysctl user.max_user_namespaces=15000"


def test_a_chroot_is_told_from_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    _machine(monkeypatch, user__max_user_namespaces="15000\n")
    told = worker._forbidden(OSError(errno.EPERM, "Operation not permitted"))
    assert told["hint"] == "a chroot or a container may forbid what the kernel allows: build outside of it"


def test_apparmors_restriction_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    _machine(
        monkeypatch,
        user__max_user_namespaces="15000\n",
        kernel__apparmor_restrict_unprivileged_userns="1\n",
    )
    told = worker._forbidden(OSError(errno.EPERM, "Operation not permitted"))
    assert told["hint"] == "sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0"
