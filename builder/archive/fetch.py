# SPDX-License-Identifier: Apache-2.0
"""Locked .debs into the store: over HTTP, each checked against the lock before it is kept.

What has left its archive is looked for in the archive of former states.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit

from builder.archive.hosts import Mirror
from builder.archive.keep import CHUNK, TIMEOUT, OtherBytes, keep
from builder.archive.snapshot import former_uris
from builder.errors import LackingError, NodebakeError, Problems, StaleLockError
from builder.lock.lock import ArchiveState, Locked

if TYPE_CHECKING:
    import requests

CONNECTIONS = 6
GONE = (404, 410)


def missing(packages: Iterable[Locked], folder: Path) -> list[Locked]:
    """Those whose .deb the store lacks, each file once: tree and helper share packages for all machines."""
    files = {p.sha256: p for p in packages}
    return [p for sha256, p in files.items() if not deb_path(folder, sha256).exists()]


def deb_path(folder: Path, sha256: str) -> Path:
    """Where the store keeps a .deb."""
    return folder / f"{sha256}.deb"


def fetch(
    packages: Iterable[Locked],
    folder: Path,
    mirrors: Mapping[str, Mirror],
    advance: Callable[[int], None],
    states: Iterable[ArchiveState] = (),
) -> None:
    """Bring `packages` into `folder`, several at once; `advance` hears of bytes as they come.

    `states` are those of the lock: they say which former state of an archive had a package.
    Raises StaleLockError for what is nowhere any more, LackingError for an archive that is down
    and NodebakeError for bytes that are not those of the lock; nothing of a bad file is kept.
    """
    import requests

    problems: list[NodebakeError] = []
    states = tuple(states)
    over = Event()

    def arrived(count: int) -> None:
        if over.is_set():
            raise NodebakeError("interrupted")
        advance(count)

    with requests.Session() as session, ThreadPoolExecutor(CONNECTIONS) as pool:

        def one(package: Locked) -> None:
            if problems:
                return
            uri = f"{mirrors[package.archive].uri}/{quote(package.path)}"
            target = deb_path(folder, package.sha256)
            tried = [uri]
            try:
                problem = _from(session, uri, package, target, arrived)
                for former in former_uris(package, states, mirrors):
                    if not isinstance(problem, StaleLockError):
                        break
                    tried.append(former)
                    # Why it is not there either does not matter: the archive's answer stands.
                    problem = _from(session, former, package, target, arrived) and problem
            except NodebakeError as error:
                problem = error
            if isinstance(problem, StaleLockError):
                problem = _gone(package, tried)
            if problem:
                problems.append(problem)

        try:
            list(pool.map(one, packages))
        finally:
            # Interrupted, or out of space: nobody waits for what is on its way.
            over.set()
    if problems:
        raise problems[0] if len(problems) == 1 else Problems(problems)


def _from(
    session: requests.Session, uri: str, package: Locked, target: Path, advance: Callable[[int], None]
) -> NodebakeError | None:
    """Fetch from one place; why it did not come."""
    import requests

    try:
        keep(_chunks(session, uri), target, package.sha256, package.size, advance)
    except OtherBytes as error:
        return _other(package, error.facts)
    except requests.HTTPError as error:
        return _refused(package, uri, error.response.status_code)
    except requests.RequestException as error:
        return _down(package, uri, error)
    except FileNotFoundError:
        return _gone(package, [uri])
    return None


def _chunks(session: requests.Session, uri: str) -> Iterator[bytes]:
    if uri.startswith("file:"):
        with Path(unquote(urlsplit(uri).path)).open("rb") as stream:
            while chunk := stream.read(CHUNK):
                yield chunk
        return
    with session.get(uri, stream=True, timeout=TIMEOUT) as response:
        response.raise_for_status()
        yield from response.iter_content(CHUNK)


def _other(package: Locked, facts: list[str]) -> NodebakeError:
    return NodebakeError(
        f"`{package.name}` {package.version} is not what the lock names",
        facts=facts,
        hint="the archive or something on the way changed it; nothing of it was kept",
    )


def _refused(package: Locked, uri: str, status: int) -> NodebakeError:
    if status in GONE:
        return _gone(package, [uri])
    return LackingError(f"archive `{package.archive}` answers {status}", facts=[uri])


def _gone(package: Locked, tried: list[str]) -> StaleLockError:
    return StaleLockError(
        f"`{package.name}` {package.version} has left archive `{package.archive}`",
        facts=tried,
        hint="`nodebake store import BUNDLE` brings it back where there is a bundle; "
        "`nodebake lock RECIPE --update` takes the versions that are there now",
    )


def _down(package: Locked, uri: str, error: Exception) -> LackingError:
    return LackingError(
        f"archive `{package.archive}` cannot be reached",
        facts=[uri, type(error).__name__],
        hint="check the network, or name another host under `archives:` in site.yaml",
    )
