# SPDX-License-Identifier: Apache-2.0
"""A lock from a mirror whose indexes of one architecture are older than the Release file beside them.

Mirrors fetch the rarer architectures later, and apt refuses what lies in between, as it must. A test of
a base is not about the mirror's day: so it takes the indexes as they are and signs them itself, with a key of
its own, for a lock that no one else will see. The packages are fetched by their sha256, as always.
"""

from __future__ import annotations

import hashlib
import lzma
import re
import subprocess
import threading
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from builder.archive import locking
from builder.archive.hosts import Mirror
from builder.cli.workspace import Workspace
from builder.errors import LackingError
from builder.host.scratch import scratch
from builder.lock.lock import Lock
from builder.report.silent import SilentReport

_USER = "indexes of a test <indexes@example.invalid>"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *words: object) -> None:
        """Say nothing."""


def locked(work: Workspace) -> Lock:
    """The lock of a workspace, written where it belongs."""
    try:
        return work.lock(SilentReport(), locked=False)
    except LackingError as error:
        if "is not the one that its Release file names" not in str(error):
            raise
    with scratch("mirror") as folder:
        return _lock_as_it_is(work, folder)


def _lock_as_it_is(work: Workspace, folder: Path) -> Lock:
    """The lock by what the mirrors' indexes hold, whatever their Release files say."""
    architectures = sorted({work.wanted.architecture, work.workshop.machine})
    keyring = _make_key(folder / "gnupg")
    for archive, suite, components in work.wanted.suites:
        target = folder / "www" / archive / "dists" / suite
        for component in components:
            for architecture in architectures:
                _index(work.mirrors[archive].uri, suite, f"{component}/binary-{architecture}", target)
        date = _date(work.mirrors[archive].uri, suite)
        _sign(target, suite, components, date, folder / "gnupg")
    subprocess.run(["gpgconf", "--homedir", str(folder / "gnupg"), "--kill", "gpg-agent"], check=True)
    with _served(folder / "www") as root:
        mirrors: Mapping[str, Mirror] = {
            archive: Mirror(archive, f"{root}/{archive}", keyring) for archive, _, _ in work.wanted.suites
        }
        machine = work.workshop.machine
        lock = locking.make_lock(work.recipe.name, work.wanted, mirrors, folder / "apt", machine)
    locking.write_lock(work.lock_path, lock)
    return lock


def _index(uri: str, suite: str, name: str, target: Path) -> None:
    path = target / name / "Packages.xz"
    path.parent.mkdir(parents=True, exist_ok=True)
    with urllib.request.urlopen(f"{uri}/dists/{suite}/{name}/Packages.xz") as answer:
        path.write_bytes(answer.read())


def _date(uri: str, suite: str) -> str:
    with urllib.request.urlopen(f"{uri}/dists/{suite}/InRelease") as answer:
        found = re.search(r"^Date: (.*)$", answer.read().decode(), re.MULTILINE)
    assert found
    return found[1]


def _sign(target: Path, suite: str, components: Sequence[str], date: str, home: Path) -> None:
    """The suite's InRelease for the indexes that are there, dated as the mirror's own."""
    indexes = sorted(target.rglob("Packages.xz"))
    rows = []
    for path in indexes:
        packed = path.read_bytes()
        # apt wants to know the plain file, too, though it never fetches it.
        for name, data in ((path, packed), (path.with_suffix(""), lzma.decompress(packed))):
            rows.append(f" {hashlib.sha256(data).hexdigest()} {len(data)} {name.relative_to(target)}")
    names = {path.parent.name.removeprefix("binary-") for path in indexes}
    text = (
        f"Suite: {suite}\nCodename: {suite}\nDate: {date}\n"
        f"Architectures: {' '.join(sorted(names))}\nComponents: {' '.join(components)}\nSHA256:\n"
        + "\n".join(rows)
        + "\n"
    )
    (target / "Release").write_text(text)
    _gpg(home, "--clearsign", "--output", str(target / "InRelease"), str(target / "Release"))


def _make_key(home: Path) -> Path:
    home.mkdir(mode=0o700, parents=True)
    _gpg(home, "--passphrase", "", "--quick-generate-key", _USER, "ed25519", "sign", "never")
    keyring = home / "indexes.gpg"
    _gpg(home, "--export", "--output", str(keyring))
    return keyring


def _gpg(home: Path, *words: str) -> None:
    command = ["gpg", "--homedir", str(home), "--batch", "--quiet", "--no-tty", *words]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
