# SPDX-License-Identifier: Apache-2.0
"""A head that goes away in the middle of a word, or takes no file: nothing half is taken for whole."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from builder.deploy.remote import call
from builder.deploy.serving import served
from builder.deploy.ssh import Address, Ssh, opened
from builder.errors import NodebakeError
from builder.report.silent import SilentReport
from tests.tools.power.plane import in_thread

pytestmark = pytest.mark.tools

Process = asyncssh.SSHServerProcess[bytes]
Behaviour = Callable[[Process], Any]
Opened = Callable[..., AbstractContextManager[Ssh]]


class Open(asyncssh.SSHServer):
    """Lets everybody in."""

    def begin_auth(self, username: str) -> bool:
        return False


class Full(asyncssh.SFTPServer):
    """A disk without room."""

    def write(self, file_obj: object, offset: int, data: bytes) -> int:
        raise asyncssh.SFTPFailure("Failure")


def aborts(process: Process) -> None:
    process.stdout.write(b"half of it")
    process.channel.get_connection().abort()


def says_goodbye(process: Process) -> None:
    process.stdout.write(b"half of it")
    process.channel.get_connection().disconnect(asyncssh.DISC_BY_APPLICATION, "going down")


async def answers_and_leaves(process: Process) -> None:
    process.stdout.write(b'{"event": "answer", "value": {"url": "http://10.42.0.250"}}\n')
    await process.stdout.drain()
    process.channel.get_connection().abort()


def killed(process: Process) -> None:
    process.stdout.write(b"half of it")
    process.exit_with_signal("KILL")


def says_no(process: Process) -> None:
    process.stderr.write(b'{"event": "error", "message": "there is no room", "hint": "df -h", "exit": 3}\n')
    process.exit(3)


def says_garbage(process: Process) -> None:
    process.stdout.write(b"{ 7\n")
    process.exit(1)


@asynccontextmanager
async def listening(behaviour: Behaviour, sftp: Any, key: asyncssh.SSHKey, known: Path) -> AsyncIterator[str]:
    server = await asyncssh.listen(
        *("127.0.0.1", 0),
        server_factory=Open,
        server_host_keys=[key],
        process_factory=behaviour,
        encoding=None,
        sftp_factory=sftp,
    )
    known.write_text(f"[127.0.0.1]:{server.get_port()} {key.export_public_key().decode()}")
    try:
        yield str(server.get_port())
    finally:
        server.close()


@pytest.fixture
def head(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Opened:
    """A head that behaves so, logged in to; its files are in `there`."""
    (tmp_path / "there").mkdir()
    (tmp_path / ".ssh").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    key = asyncssh.generate_private_key("ssh-ed25519")

    @contextmanager
    def make(
        behaviour: Behaviour = aborts, sftp: type[asyncssh.SFTPServer] = asyncssh.SFTPServer
    ) -> Iterator[Ssh]:
        files = partial(sftp, chroot=bytes(tmp_path / "there"))
        serve = partial(listening, behaviour, files, key, tmp_path / ".ssh/known_hosts")
        with in_thread(serve) as port, opened(Address("127.0.0.1", "pi", int(port))) as found:
            yield found

    return make


@pytest.mark.parametrize("behaviour", [aborts, says_goodbye])
def test_half_an_archive_is_none(head: Opened, behaviour: Behaviour) -> None:
    with (
        pytest.raises(NodebakeError, match=r"connection to pi@[0-9.:]+ broke off") as caught,
        head(behaviour) as found,
    ):
        found.save(["backup"], io.BytesIO())
    assert caught.value.hint == "run it again, it goes on; a rollout does so by: nodebake rollout resume"


def test_a_killed_program_has_failed(head: Opened) -> None:
    with pytest.raises(NodebakeError, match=r"`nodebake-head` on .* ended with -1"), head(killed) as found:
        found.save(["backup"], io.BytesIO())


@pytest.mark.parametrize("behaviour", [aborts, says_goodbye])
def test_who_goes_away_while_an_archive_is_sent(head: Opened, behaviour: Behaviour) -> None:
    with pytest.raises(NodebakeError, match="broke off"), head(behaviour) as found:
        found.feed(["restore"], io.BytesIO(bytes(64 << 20)))


def test_who_takes_no_more_says_why(head: Opened) -> None:
    with pytest.raises(NodebakeError, match="there is no room"), head(says_no) as found:
        found.feed(["restore"], io.BytesIO(bytes(64 << 20)))


@pytest.mark.parametrize("behaviour", [aborts, says_goodbye])
def test_a_call_without_its_end_is_no_answer(head: Opened, behaviour: Behaviour) -> None:
    with pytest.raises(NodebakeError, match="broke off"), head(behaviour) as found:
        call(found, SilentReport(), "status", sudo=False)


def test_a_head_that_leaves_while_it_serves(head: Opened) -> None:
    with (
        pytest.raises(NodebakeError, match="broke off"),
        head(answers_and_leaves) as found,
        served(found, "tiny/1", sudo=False) as url,
    ):
        assert url == "http://10.42.0.250"
        # What is under way finds out by its next call.
        call(found, SilentReport(), "assign", sudo=False)


def test_garbage_is_no_answer(head: Opened) -> None:
    with (
        pytest.raises(NodebakeError, match=r"`nodebake-head` on .* ended with 1"),
        head(says_garbage) as found,
        served(found, "tiny/1", sudo=False),
    ):
        pass


def test_a_full_disk_is_no_broken_connection(head: Opened) -> None:
    with (
        pytest.raises(NodebakeError, match="does not take, or give, a file") as caught,
        head(sftp=Full) as found,
    ):
        found.note("nodes.json", b"{}")
    assert caught.value.facts == ("Failure",)
    assert str(caught.value.hint).startswith("is there room on its disk")


def test_a_new_signature_goes_in_the_place_of_the_old(head: Opened, tmp_path: Path) -> None:
    """It is as long as the one that a first try has left there."""
    release, there = tmp_path / "release", tmp_path / "there/place"
    release.mkdir()
    for name in ("manifest.json", "manifest.json.sig"):
        (release / name).write_bytes(b"old")
    parts = [release / "manifest.json", release / "manifest.json.sig"]
    with head() as found:
        found.bring(parts, "place", SilentReport())
        (there / "manifest.json.part").write_bytes(b"el")
        for part in parts:
            part.write_bytes(b"new")
        found.bring(parts, "place", SilentReport())
    assert {path.name: path.read_bytes() for path in there.iterdir()} == {
        "manifest.json": b"new",
        "manifest.json.sig": b"new",
    }
