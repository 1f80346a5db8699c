# SPDX-License-Identifier: Apache-2.0
"""Locked .debs into the store: over HTTP, each checked against the lock before it is kept."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote, urlsplit

from builder.archive.hosts import Mirror
from builder.errors import LackingError, NodebakeError, Problems, StaleLockError
from builder.lock.lock import Locked

if TYPE_CHECKING:
    import requests

CHUNK = 1 << 18
CONNECTIONS = 6
TIMEOUT = (10, 60)
GONE = (404, 410)


def missing(packages: Iterable[Locked], folder: Path) -> list[Locked]:
    """Those whose .deb the store lacks."""
    return [p for p in packages if not deb_path(folder, p.sha256).exists()]


def deb_path(folder: Path, sha256: str) -> Path:
    """Where the store keeps a .deb."""
    return folder / f"{sha256}.deb"


def fetch(
    packages: Iterable[Locked],
    folder: Path,
    mirrors: Mapping[str, Mirror],
    advance: Callable[[int], None],
) -> None:
    """Bring `packages` into `folder`, several at once; `advance` hears of bytes as they come.

    Raises StaleLockError for what has left its archive, LackingError for an archive that is down
    and NodebakeError for bytes that are not those of the lock; nothing of a bad file is kept.
    """
    import requests

    problems: list[NodebakeError] = []

    with requests.Session() as session, ThreadPoolExecutor(CONNECTIONS) as pool:

        def one(package: Locked) -> None:
            if problems:
                return
            uri = f"{mirrors[package.archive].uri}/{quote(package.path)}"
            try:
                _keep(package, _chunks(session, uri), deb_path(folder, package.sha256), advance)
            except requests.HTTPError as error:
                problems.append(_refused(package, uri, error.response.status_code))
            except requests.RequestException as error:
                problems.append(_down(package, uri, error))
            except FileNotFoundError:
                problems.append(_refused(package, uri, GONE[0]))
            except NodebakeError as error:
                problems.append(error)

        list(pool.map(one, packages))
    if problems:
        raise problems[0] if len(problems) == 1 else Problems(problems)


def _chunks(session: requests.Session, uri: str) -> Iterator[bytes]:
    if uri.startswith("file:"):
        with Path(unquote(urlsplit(uri).path)).open("rb") as stream:
            while chunk := stream.read(CHUNK):
                yield chunk
        return
    with session.get(uri, stream=True, timeout=TIMEOUT) as response:
        response.raise_for_status()
        yield from response.iter_content(CHUNK)


def _keep(package: Locked, chunks: Iterator[bytes], target: Path, advance: Callable[[int], None]) -> None:
    partial = target.with_suffix(f".{os.getpid()}.part")
    digest = hashlib.sha256()
    try:
        with partial.open("wb") as sink:
            for chunk in chunks:
                digest.update(chunk)
                sink.write(chunk)
                advance(len(chunk))
        if digest.hexdigest() != package.sha256:
            raise NodebakeError(
                f"`{package.name}` {package.version} is not what the lock names",
                facts=[f"sha256 in the lock {package.sha256}", f"sha256 received    {digest.hexdigest()}"],
                hint="the archive or something on the way changed it; nothing of it was kept",
            )
        partial.rename(target)
    finally:
        partial.unlink(missing_ok=True)


def _refused(package: Locked, uri: str, status: int) -> NodebakeError:
    if status in GONE:
        return StaleLockError(
            f"`{package.name}` {package.version} has left archive `{package.archive}`",
            facts=[uri],
            hint="`nodebake lock RECIPE --update` takes the versions that are there now",
        )
    return LackingError(f"archive `{package.archive}` answers {status}", facts=[uri])


def _down(package: Locked, uri: str, error: Exception) -> LackingError:
    return LackingError(
        f"archive `{package.archive}` cannot be reached",
        facts=[uri, type(error).__name__],
        hint="check the network, or name another host under `archives:` in site.yaml",
    )
