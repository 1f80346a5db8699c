# SPDX-License-Identifier: Apache-2.0
"""Packages into the store, from a real server on loopback."""

from __future__ import annotations

import hashlib
import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from builder.archive.fetch import deb_path, fetch, missing
from builder.archive.hosts import Mirror
from builder.errors import Exit, LackingError, NodebakeError, StaleLockError
from builder.lock.lock import Locked
from tests.unit.lock.samples import STATE, locked

pytestmark = pytest.mark.tools

BYTES = b"a package" * 100_000


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder; below /busy it is overloaded, and what is below /endless never ends."""

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_GET(self) -> None:
        if self.path.startswith("/debian/busy"):
            self.send_error(503)
        elif self.path.startswith("/debian/endless"):
            self.send_response(200)
            self.end_headers()
            with suppress(OSError):
                while True:
                    self.wfile.write(BYTES)
                    time.sleep(0.02)
        else:
            super().do_GET()


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    folder = tmp_path / "www/debian"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def http(archive: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=archive.parent)) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/debian"
        server.shutdown()
        thread.join()


@pytest.fixture
def debs(tmp_path: Path) -> Path:
    folder = tmp_path / "debs"
    folder.mkdir()
    return folder


def there(archive: Path, name: str = "apt", path: str = "pool/a+b~1_all.deb") -> Locked:
    """A package that the archive has."""
    place = archive / path
    place.parent.mkdir(exist_ok=True)
    place.write_bytes(BYTES + name.encode())
    sha256 = hashlib.sha256(BYTES + name.encode()).hexdigest()
    return locked(name, path=path, sha256=sha256, size=place.stat().st_size)


def bring(uri: str, debs: Path, *packages: Locked, snapshot: str = "") -> int:
    """Fetch; the number of bytes that were told to the progress bar."""
    told: list[int] = []
    mirrors = {"debian": Mirror("debian", uri, Path("/none"))}
    if snapshot:
        mirrors["snapshot"] = Mirror("snapshot", snapshot, Path("/none"))
    fetch(packages, debs, mirrors, told.append, [STATE])
    return sum(told)


def refusal(kind: type[NodebakeError], exit: Exit, uri: str, debs: Path, *packages: Locked) -> str:
    with pytest.raises(NodebakeError) as caught:
        bring(uri, debs, *packages)
    assert type(caught.value) is kind
    assert caught.value.exit == exit
    return caught.value.render()


def test_what_comes_is_kept_by_its_hash(archive: Path, http: str, debs: Path) -> None:
    package = there(archive)
    assert missing([package], debs) == [package]
    assert bring(http, debs, package) == package.size
    assert missing([package], debs) == []
    assert [path.name for path in debs.iterdir()] == [f"{package.sha256}.deb"]
    assert deb_path(debs, package.sha256).read_bytes() == BYTES + b"apt"


def test_many_at_once(archive: Path, http: str, debs: Path) -> None:
    packages = [there(archive, f"p{n}", f"pool/{n}.deb") for n in range(20)]
    bring(http, debs, *packages)
    assert missing(packages, debs) == []


def test_from_a_folder(archive: Path, debs: Path) -> None:
    package = there(archive)
    bring(f"file:{archive}", debs, package)
    assert missing([package], debs) == []


def test_other_bytes_are_not_kept(archive: Path, http: str, debs: Path) -> None:
    package = replace(there(archive), sha256="0" * 64)
    received = hashlib.sha256(BYTES + b"apt").hexdigest()
    assert refusal(NodebakeError, Exit.FAILED, http, debs, package) == (
        "error: `apt` 1.0 is not what the lock names\n"
        f"  sha256 in the lock {'0' * 64}\n"
        f"  sha256 received    {received}\n"
        "hint: the archive or something on the way changed it; nothing of it was kept"
    )
    assert list(debs.iterdir()) == []


@pytest.mark.parametrize("scheme", ["http", "file"])
def test_what_has_left(scheme: str, archive: Path, http: str, debs: Path) -> None:
    uri = http if scheme == "http" else f"file:{archive}"
    assert refusal(StaleLockError, Exit.STALE, uri, debs, locked("apt")) == (
        "error: `apt` 1.0 has left archive `debian`\n"
        f"  {uri}/pool/main/apt_1.0_arm64.deb\n"
        "hint: `nodebake store import BUNDLE` brings it back where there is a bundle; "
        "`nodebake lock RECIPE --update` takes the versions that are there now"
    )
    assert list(debs.iterdir()) == []


@pytest.mark.parametrize("then", ["20260912T075541Z", "20260912T195541Z"])
def test_what_has_left_comes_from_the_former_states(then: str, archive: Path, http: str, debs: Path) -> None:
    package = there(archive)
    former = archive.parent / "snapshot/archive/debian" / then / package.path
    former.parent.mkdir(parents=True)
    (archive / package.path).rename(former)
    bring(http, debs, package, snapshot=http.replace("/debian", "/snapshot"))
    assert missing([package], debs) == []


def test_what_has_left_the_former_states_too(archive: Path, debs: Path) -> None:
    with pytest.raises(StaleLockError) as caught:
        bring(f"file:{archive}", debs, locked("apt"), snapshot=f"file:{archive.parent}/snapshot")
    assert caught.value.facts == (
        f"file:{archive}/pool/main/apt_1.0_arm64.deb",
        f"file:{archive.parent}/snapshot/archive/debian/20260912T075541Z/pool/main/apt_1.0_arm64.deb",
        f"file:{archive.parent}/snapshot/archive/debian/20260912T195541Z/pool/main/apt_1.0_arm64.deb",
    )


def test_a_busy_archive_is_not_one_that_has_let_go(archive: Path, http: str, debs: Path) -> None:
    with pytest.raises(LackingError):
        bring(http, debs, locked("apt", path="busy/apt.deb"), snapshot="http://127.0.0.1:9")


def test_an_archive_that_is_busy(http: str, debs: Path) -> None:
    assert refusal(LackingError, Exit.LACKING, http, debs, locked("apt", path="busy/apt.deb")) == (
        f"error: archive `debian` answers 503\n  {http}/busy/apt.deb"
    )


def test_an_archive_that_is_down(debs: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        uri = f"http://127.0.0.1:{probe.getsockname()[1]}/debian"
    assert refusal(LackingError, Exit.LACKING, uri, debs, locked("apt")) == (
        "error: archive `debian` cannot be reached\n"
        f"  {uri}/pool/main/apt_1.0_arm64.deb\n"
        "  ConnectionError\n"
        "hint: check the network, or name another host under `archives:` in site.yaml"
    )


def test_the_good_ones_stay_when_one_is_bad(archive: Path, http: str, debs: Path) -> None:
    package = there(archive)
    bring(http, debs, package)
    refusal(StaleLockError, Exit.STALE, http, debs, package, locked("gone"))
    assert missing([package], debs) == []


def test_a_file_that_tree_and_helper_share_is_missing_once(tmp_path: Path) -> None:
    package = locked("libc6")
    ours = replace(package, essential=True)
    assert missing([ours, package], tmp_path) == [package]


def test_what_never_ends_is_cut_off(http: str, debs: Path) -> None:
    endless = locked("p", path="endless/p", size=1 << 20)
    with pytest.raises(NodebakeError) as caught:
        fetch([endless], debs, {"debian": Mirror("debian", http, Path("/none"))}, lambda _: None)
    assert caught.value.render() == (
        "error: `p` 1.0 is not what the lock names\n"
        "  the lock has 1048576 bytes, more were received\n"
        "hint: the archive or something on the way changed it; nothing of it was kept"
    )
    assert list(debs.iterdir()) == []


def test_an_interruption_ends_downloads_and_keeps_nothing_of_them(http: str, debs: Path) -> None:
    endless = [locked(f"p{n}", path=f"endless/{n}", sha256=f"{n}" * 64, size=1 << 30) for n in range(2)]

    told: list[int] = []

    def interrupted(count: int) -> None:
        told.append(count)
        if len(told) == 1:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        fetch(endless, debs, {"debian": Mirror("debian", http, Path("/none"))}, interrupted)
    assert list(debs.iterdir()) == []
