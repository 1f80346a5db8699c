# SPDX-License-Identifier: Apache-2.0
"""Where a locked package is found when its archive has let it go: the archive of all former states. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from builder.archive.hosts import Mirror
from builder.lock.lock import ArchiveState, Locked

WORD = "snapshot"
_KEPT = ("debian", "debian-security")
# Its states are taken some times a day: the one at a Release's date may be of just before it, and
# half a day later every package of that Release is still there.
_LATER = timedelta(hours=12)


def former_uris(
    package: Locked, states: Iterable[ArchiveState], mirrors: Mapping[str, Mirror]
) -> tuple[str, ...]:
    """URIs to try, in order; none for an archive of which no states are kept."""
    dates = [state.date for state in states if state.archive == package.archive]
    if package.archive not in _KEPT or WORD not in mirrors or not dates:
        return ()
    base = f"{mirrors[WORD].uri}/archive/{package.archive}"
    then = datetime.fromtimestamp(max(dates), UTC)
    return tuple(f"{base}/{moment:%Y%m%dT%H%M%SZ}/{quote(package.path)}" for moment in (then, then + _LATER))
