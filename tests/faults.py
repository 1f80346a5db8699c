# SPDX-License-Identifier: Apache-2.0
"""Builds that are hit by a signal, and what must hold afterwards.

A build is watched through its events: a signal goes out some hundredths of a second after a step has said
that it starts. Then there must be no process and no mount of it, the store must be sound, and the output
must hold what it held.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builder.build.staff import worker_for
from builder.build.workshop import Workshop, machine
from builder.host.identity import id_map
from builder.store.store import Store
from tests.fixtures import ROOT

SIGNALS = (signal.SIGINT, signal.SIGKILL)
# Seconds that the kernel may take to end what the killed one leaves. Nothing may be left by who was told.
_PATIENCE = {signal.SIGINT: 0.0, signal.SIGKILL: 10.0}
_LONGEST = 900
# As the owner of what lies in the store.
OWNER = [] if os.geteuid() == 0 else ["unshare", "--user", "--map-auto", "--map-root-user", "--"]


@dataclass(frozen=True)
class Ended:
    """How a build ended: its exit code and its events.

    When it was hit: at which step, and what it left half-done that was not there before.
    """

    code: int
    events: list[dict[str, Any]]
    hit: int = 0
    left: tuple[str, ...] = ()

    @property
    def errors(self) -> list[dict[str, Any]]:
        return [event for event in self.events if event["event"] == "error"]


@dataclass(frozen=True)
class Ground:
    """A project with a store and an output of its own, to be spoilt."""

    project: Path
    store: Path
    out: Path
    recipe: str

    def steps(self) -> list[dict[str, Any]]:
        """The plan's steps as `nodebake plan` tells them."""
        steps: list[dict[str, Any]] = json.loads(self.call("plan", self.recipe, "--json").stdout)["steps"]
        return steps

    def call(self, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """What `nodebake WORDS` does here."""
        setting = {**self._setting(), "stdin": None, "input": stdin}
        return subprocess.run(self._argv(*words), **setting, capture_output=True, text=True, check=False)

    def build(self, *words: str) -> Ended:
        """A build that nobody disturbs."""
        done = self.call("--progress", "json", "build", self.recipe, *words)
        return Ended(done.returncode, [json.loads(line) for line in done.stderr.splitlines()])

    def hit(self, number: int, how: signal.Signals, delay: float, whole: bool | None = None) -> Ended:
        """Build until step `number` has run for `delay` seconds, and send the signal; check what is left.

        It goes to the `whole` process group or to the leader alone; if not told, SIGINT to all, as from a
        terminal, and another to the leader, of whom nobody else then hears.
        A build that was over before the signal is made again, and hit sooner.
        """
        to_all = how == signal.SIGINT if whole is None else whole
        before, half = self.visible(), self.half_done()
        mounts = _mounts(self.store, self.out)
        with self.start() as process:
            events = until_started(process, number)
            time.sleep(delay)
            family = _family(process.pid)
            if to_all:
                os.killpg(process.pid, how)
            else:
                process.send_signal(how)
            events += rest(process)
            code = process.wait(_LONGEST)
        _await_end(family, _PATIENCE[how])
        assert _mounts(self.store, self.out) == mounts
        started = [event["index"] for event in events if event["event"] == "step-started"]
        left = tuple(path for path in self.half_done() if path not in half)
        ended = Ended(code, events, max(started, default=0), left)
        if code == 0:
            self.unmake()
            return self.hit(number, how, delay / 2, whole)
        assert self.visible() == before
        return ended

    def start(self, out: Path | None = None) -> subprocess.Popen[str]:
        """A build at work, whose events come on its stderr; into another folder than its own, if named."""
        setting = self._setting()
        if out:
            setting["env"]["NODEBAKE_OUT"] = str(out)
        return subprocess.Popen(
            self._argv("--progress", "json", "build", self.recipe),
            **setting,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            # A process group of its own, which a signal can go to.
            start_new_session=True,
        )

    def visible(self) -> list[tuple[str, int, int]]:
        """What the output holds under names that are not hidden: path, inode, date."""
        found = []
        for path in sorted(self.out.rglob("*")):
            if not any(part.startswith(".") for part in path.relative_to(self.out).parts):
                status = path.lstat()
                # A folder's date says when something hidden was made in it, too.
                date = 0 if path.is_dir() else status.st_mtime_ns
                found.append((str(path.relative_to(self.out)), status.st_ino, date))
        return found

    def made(self) -> list[Path]:
        """The versions of the output that a build has made."""
        folders = (self.out / self.recipe).iterdir()
        return [path for path in folders if not path.is_symlink() and (path / "SHA256SUMS").exists()]

    def unmake(self) -> None:
        """Remove the versions that a build has made, so that the next one makes them again."""
        for path in self.made():
            shutil.rmtree(path)

    def objects(self) -> set[str]:
        return {path.name for path in (self.store / "objects").iterdir()}

    def unsound(self, identities: set[str]) -> dict[str, list[str]]:
        """The faults of these objects, by `store verify`'s own look at them."""
        shop = Workshop(Store(self.store), id_map(), machine(), os.cpu_count() or 1)
        with worker_for(machine(), shop, {}) as worker:
            faults = {each: worker.ask({"store": {"verify": each}}) for each in sorted(identities)}
        return {each: found for each, found in faults.items() if found}

    def lend(self, lender: Path, identities: list[str]) -> None:
        """Take objects from another store on the same disk, by hard links."""
        wanted = [lender / "objects" / each for each in identities if each not in self.objects()]
        if wanted:
            subprocess.run([*OWNER, "cp", "-al", *wanted, self.store / "objects"], check=True)

    def drop(self, identities: list[str]) -> None:
        """Remove objects."""
        gone = [self.store / "objects" / each for each in identities]
        subprocess.run([*OWNER, "rm", "-rf", *gone], check=True)

    def half_done(self) -> list[str]:
        """What lies in the store and in the output and is neither whole nor a lock."""
        found = [path for path in (self.store / "tmp").iterdir() if path.suffix != ".lock"]
        found += [path for path in (self.store / "debs").iterdir() if path.suffix != ".deb"]
        found += (self.store / "tools").glob("*.*")
        found += (self.store / "plans").glob(".*")
        found += [path for path in self.out.rglob(".*") if path.name != ".lock"]
        return [str(path) for path in found]

    def _argv(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "builder", *words]

    def environment(self) -> dict[str, str]:
        places = {"NODEBAKE_STORE": str(self.store), "NODEBAKE_OUT": str(self.out)}
        return {**os.environ, "PYTHONPATH": str(ROOT), **places}

    def _setting(self) -> dict[str, Any]:
        return {"cwd": self.project, "env": self.environment(), "stdin": subprocess.DEVNULL}


def until_started(process: subprocess.Popen[str], number: int) -> list[dict[str, Any]]:
    """The events of a build until step `number` or a later one starts, or the build ends."""
    events: list[dict[str, Any]] = []
    assert process.stderr
    for line in process.stderr:
        events.append(json.loads(line))
        if events[-1]["event"] == "step-started" and events[-1]["index"] >= number:
            break
    return events


def rest(process: subprocess.Popen[str]) -> list[dict[str, Any]]:
    """The events of a build from here to its end."""
    assert process.stderr
    return [json.loads(line) for line in process.stderr]


def make_ground(folder: Path, project: Path, recipe: str, debs: Path) -> Ground:
    """A ground in `folder`: the project copied, an empty store with the package files, a former output."""
    ground = Ground(folder / "project", folder / "store", folder / "out", recipe)
    shutil.copytree(project, ground.project, ignore=shutil.ignore_patterns("out"), symlinks=True)
    Store.open(ground.store, id_map().root)
    for deb in debs.glob("*.deb"):
        os.link(deb, ground.store / "debs" / deb.name)
    former = ground.out / recipe / "19700101-former"
    former.mkdir(parents=True)
    (former / "manifest.json").write_text("{}\n")
    (former.parent / "latest").symlink_to(former.name)
    return ground


def remove_ground(folder: Path) -> None:
    """Remove it with what belongs to other ids."""
    subprocess.run([*OWNER, "rm", "-rf", "--one-file-system", folder], check=True)


def check_hit(ground: Ground, ended: Ended, how: signal.Signals, number: int, before: set[str]) -> None:
    """What must hold of a build that was hit at step `number`; `before` are the objects that were there."""
    assert ended.code == (130 if how == signal.SIGINT else -how), ended.events[-3:]
    assert ended.hit >= number
    told = [(error["message"], error["facts"], error["hint"], error["exit"]) for error in ended.errors]
    assert told == ([("interrupted", [], None, 130)] if how == signal.SIGINT else [])
    if how == signal.SIGINT:
        # The worker's own folder stays, for it was killed; the next build sweeps it.
        assert [path for path in ended.left if Path(path).parent != ground.store / "tmp"] == []
    assert ground.unsound(ground.objects() - before) == {}


def _family(leader: int) -> dict[int, str]:
    """The process and all that stem from it: pid and start time."""
    found = {leader: _start(leader)}
    rows = {
        int(path.name): _fields(int(path.name)) for path in Path("/proc").iterdir() if path.name.isdecimal()
    }
    grown = True
    while grown:
        grown = False
        for pid, fields in rows.items():
            # Its parent, or its session, is one of them.
            if fields and pid not in found and {int(fields[1]), int(fields[3])} & found.keys():
                found[pid] = fields[19]
                grown = True
    return found


def _await_end(family: dict[int, str], patience: float) -> None:
    """All of them, and whatever they have started since, end within `patience` seconds."""
    until = time.monotonic() + patience
    while left := _alive(family):
        assert time.monotonic() < until, f"left running: {left}"
        time.sleep(0.02)


def _alive(family: dict[int, str]) -> list[str]:
    found = []
    for path in Path("/proc").iterdir():
        if path.name.isdecimal() and (fields := _fields(int(path.name))):
            known = family.get(int(path.name)) == fields[19] or int(fields[3]) in family
            if known and fields[0] != "Z":
                found.append(f"{path.name} {fields}")
    return found


def _fields(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the state on; none when it has gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def _start(pid: int) -> str:
    return (_fields(pid) or [""] * 20)[19]


def _mounts(*below: Path) -> list[str]:
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return [line for line in lines if "nodebake" in line or any(str(path) in line for path in below)]
