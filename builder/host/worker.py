# SPDX-License-Identifier: Apache-2.0
"""A process of ours inside private namespaces, and the talk with it.

The starter (`Worker`) and the started (`enter`) live in one file because they shake hands:

    starter                         started
    Popen  ───────────────────────▶ imports what it will need
                                    unshare(user, mount, pid, …)
           ◀─────────────── "ready"
    writes uid_map and gid_map
           "go" ──────────────────▶ becomes 0 inside, forks pid 1, mounts
    order as JSON ────────────────▶
           ◀───────── events, a JSON line each

Nothing is left when any link is killed: each asks to die with its parent, and with pid 1 the
kernel ends all others and drops the mounts. Who is told to end by SIGTERM ends pid 1 and waits: once it
is gone, so are all the others.
"""

from __future__ import annotations

import errno
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import Any, Self

from builder.errors import Exit, LackingError, NodebakeError, StepError
from builder.host import linux
from builder.host.identity import IdMap
from builder.host.process import environment, spawn

# Seconds. A process that writes to a slow disk ends when that is done.
_FAREWELL = 30
SHOWN = Path("/run/nodebake")
_FRESH = (
    linux.CLONE_NEWUSER
    | linux.CLONE_NEWNS
    | linux.CLONE_NEWPID
    | linux.CLONE_NEWIPC
    | linux.CLONE_NEWUTS
    | linux.CLONE_NEWNET
)


entered = Event()
"""Set in a process that has its namespaces: the others that it sees are its own."""


class Worker:
    """The starter's side. `folders` are shown to the worker as `/run/nodebake/<name>`."""

    def __init__(
        self, module: str, ids: IdMap, folders: Mapping[str, Path], *, terminal: bool = False
    ) -> None:
        self._module = module
        self._ids = ids
        self._folders = folders
        self._terminal = terminal
        self.streams: tuple[int, ...] = ()
        """With `terminal`: this side's stdin, stdout and stderr, as numbers on the other side."""
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__

    def __enter__(self) -> Self:
        self.streams = tuple(os.dup(number) for number in range(3)) if self._terminal else ()
        self._process = spawn(
            [sys.executable, "-m", self._module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            env={**environment(), "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
            # The terminal's ^C is for the starter alone: it then ends the worker. To hand a terminal
            # on, though, one must belong to its session.
            start_new_session=not self._terminal,
            pass_fds=self.streams,
        )
        for number in self.streams:
            os.close(number)
        try:
            self._shake_hands()
        except BaseException:
            self._end(now=True)
            raise
        return self

    def _shake_hands(self) -> None:
        folders = {name: str(path) for name, path in self._folders.items()}
        self.tell({"folders": folders, "root": self._ids.root})
        answer = self._receive()
        if "ready" not in answer:
            raise LackingError(**answer["lacking"])
        self._ids.apply(self._process.pid)
        self.tell({"go": True})

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end(now=kind is not None)

    def _end(self, *, now: bool) -> None:
        """Return when all its processes have ended: by themselves at the end of their orders, or `now`."""
        with suppress(BrokenPipeError):
            assert self._process.stdin
            self._process.stdin.close()
        if now:
            self._process.terminate()
        try:
            self._process.wait(_FAREWELL)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for stream in (self._process.stdout, self._said):
            if stream:
                stream.close()

    def ask(self, order: Mapping[str, Any]) -> list[Any]:
        """Have an order carried out; what was found doing it.

        Raises what went wrong, in the words of this side's paths.
        """
        self.tell(order)
        found: list[Any] = []
        problem: NodebakeError | None = None
        while "done" not in (event := self._receive()):
            found += event.get("found", ())
            problem = self._error(event["error"]) if "error" in event else problem
        if problem:
            raise problem
        return found

    def tell(self, message: Mapping[str, Any]) -> None:
        """Send something that has no answer."""
        assert self._process.stdin
        try:
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            self._fail()

    def _receive(self) -> dict[str, Any]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            self._fail()
        event: dict[str, Any] = json.loads(line)
        return event

    def _error(self, told: dict[str, Any]) -> NodebakeError:
        def outside(text: str) -> str:
            for name, path in self._folders.items():
                text = text.replace(str(SHOWN / name), str(path))
            return text

        facts = [outside(fact) for fact in told["facts"]]
        error = NodebakeError(
            outside(told["message"]), facts=facts, hint=told["hint"] and outside(told["hint"])
        )
        error.exit = Exit(told["exit"])
        return error

    def _fail(self) -> None:
        self._process.wait()
        self._said.seek(0)
        said = self._said.read().decode(errors="replace").splitlines()[-30:]
        raise StepError("the build's worker process ended unexpectedly", facts=[f"| {line}" for line in said])


def enter() -> None:
    """The started's side: return inside the namespaces, as pid 1 and uid 0, folders in place.

    All modules that will be needed must be imported before: their files may be out of reach for
    the mapped uid afterwards.
    """
    starter = os.getppid()
    start = receive()
    real_root = os.geteuid() == 0
    try:
        if real_root:
            # The mapped uid could not reach what lies in root's home, so root shows it beforehand.
            linux.unshare(linux.CLONE_NEWNS)
            _show(start["folders"], f"mode=755,uid={start['root']},gid={start['root']}")
        linux.unshare(_FRESH)
    except OSError as error:
        send({"lacking": _forbidden(error)})
        os._exit(3)
    send({"ready": True})
    receive()
    if real_root:
        os.setgroups([])
    os.setresgid(0, 0, 0)
    os.setresuid(0, 0, 0)
    linux.die_with_parent()
    # The starter may have died before the wish was heard, with orders sent that would be carried out.
    if os.getppid() != starter:
        os._exit(1)
    _become_first()
    os.umask(0o022)
    linux.mount("none", "/", flags=linux.MS_REC | linux.MS_PRIVATE)
    linux.mount("proc", "/proc", "proc", linux.MS_NOSUID | linux.MS_NODEV | linux.MS_NOEXEC)
    if not real_root:
        _show(start["folders"], "mode=755")
    os.chdir("/")
    entered.set()


def _show(folders: Mapping[str, str], options: str) -> None:
    """Cover /run with an empty one in which the folders are seen."""
    descriptors = {name: os.open(path, os.O_PATH) for name, path in folders.items()}
    linux.mount("none", "/", flags=linux.MS_REC | linux.MS_PRIVATE)
    linux.mount("tmpfs", "/run", "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, options)
    SHOWN.mkdir()
    os.chown(SHOWN, Path("/run").stat().st_uid, Path("/run").stat().st_gid)
    for name, descriptor in descriptors.items():
        (SHOWN / name).mkdir()
        # By descriptor, for the path may lead through the /run that is covered now.
        linux.bind(f"/proc/self/fd/{descriptor}", SHOWN / name)
        os.close(descriptor)


def receive() -> dict[str, Any]:
    """The next message of the starter; ends the process when there is none."""
    line = sys.stdin.buffer.readline()
    if not line:
        os._exit(0)
    message: dict[str, Any] = json.loads(line)
    return message


def send(message: Mapping[str, Any]) -> None:
    """Tell the starter something."""
    os.write(1, json.dumps(message).encode() + b"\n")


def _become_first() -> None:
    """Fork; the child, pid 1 of the new namespace, returns, and the parent only waits for it."""
    alive, hold = os.pipe()
    child = os.fork()
    if child:
        signal.signal(signal.SIGTERM, lambda *_: os.kill(child, signal.SIGKILL))
        os.close(alive)
        for descriptor in (0, 1):
            os.close(descriptor)
        _, status = os.waitpid(child, 0)
        os._exit(os.waitstatus_to_exitcode(status) & 0xFF)
    os.close(hold)
    linux.die_with_parent()
    # The parent, which alone holds the other end, may have died before the wish was heard.
    if select.select([alive], [], [], 0)[0]:
        os._exit(1)
    os.close(alive)
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _forbidden(error: OSError) -> dict[str, Any]:
    limit = Path("/proc/sys/user/max_user_namespaces").read_text().strip()
    apparmor = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
    hint = "sudo sysctl user.max_user_namespaces=15000"
    if error.errno == errno.EPERM and limit != "0":
        hint = "a chroot or a container may forbid what the kernel allows: build outside of it"
    if Path("/proc/sys/kernel/unprivileged_userns_clone").exists():
        hint = "sudo sysctl kernel.unprivileged_userns_clone=1"
    if apparmor.exists() and apparmor.read_text().strip() == "1":
        hint = "sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0"
    return {
        "message": "this machine forbids user namespaces, in which a build runs",
        "facts": [f"unshare: {error.strerror}", f"user.max_user_namespaces = {limit}"],
        "hint": hint,
    }
