# SPDX-License-Identifier: Apache-2.0
"""The placement that a lock names: a file beside it, named by its content."""

from __future__ import annotations

import hashlib
from pathlib import Path

from builder.errors import NodebakeError, StaleLockError
from builder.host.files import replace_text
from builder.lock.lock import Lock
from builder.release.manifest import parse


def path_of(lock_path: Path, placement: str) -> Path:
    """Where the placement with this sha256 lies: a new one never overwrites the one in use."""
    return lock_path.with_name(f"{lock_path.stem}.{placement[:12]}.placement")


def named_by(lock: Lock, lock_path: Path) -> str:
    """The text of the placement that `lock` names, empty if none. Raises StaleLockError when it is lost."""
    if not lock.placement:
        return ""
    path = path_of(lock_path, lock.placement)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        data = b""
    if hashlib.sha256(data).hexdigest() != lock.placement:
        raise StaleLockError(
            f"`{path.name}` is missing" if not data else f"`{path.name}` is not the one that the lock names",
            facts=["by it an image keeps what did not change where it was", f"it belongs beside {lock_path}"],
            hint=f"restore it, or take the latest release's: `nodebake lock {lock.recipe} --update`",
        )
    return data.decode()


def of_latest(release: Path) -> str | None:
    """The placement of the release in this folder, as text; None where there is none."""
    try:
        manifest = parse((release / "manifest.json").read_text(encoding="utf-8"))
        artifact = next(a for a in manifest.artifacts if a.kind == "placement")
        data = (release / artifact.name).read_bytes()
    except (OSError, NodebakeError, StopIteration, UnicodeDecodeError):
        return None
    return data.decode() if hashlib.sha256(data).hexdigest() == artifact.sha256 else None


def keep(text: str, lock_path: Path) -> str:
    """Write a placement beside the lock that will name it; its sha256."""
    placement = hashlib.sha256(text.encode()).hexdigest()
    lock_path.parent.mkdir(exist_ok=True)
    replace_text(path_of(lock_path, placement), text)
    return placement


def forget_others(lock: Lock, lock_path: Path) -> None:
    """Remove the placements of former locks of this recipe."""
    wanted = path_of(lock_path, lock.placement)
    for path in lock_path.parent.glob(f"{lock_path.stem}.????????????.placement"):
        if path != wanted:
            path.unlink()
