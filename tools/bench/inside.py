# SPDX-License-Identifier: Apache-2.0
"""Runs inside namespaces like those of a build: there the peers are root, and the tree has its owners.

Orders come as JSON, one a line, told apart by `do`; a measured program answers with what it took.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

from builder.build import assemble
from builder.build.bench import STORE
from builder.build.step import mmdebstrap as ours
from builder.host import linux
from builder.host.child import in_child
from builder.host.chroot import FOREIGN, emulated
from builder.host.overlay import mount_overlay
from builder.host.process import environment, run
from builder.host.worker import SHOWN, enter, receive, send
from builder.store.store import Store
from tools.bench import genimage, mmdebstrap
from tools.bench.group import usage

PLACE = SHOWN / "place"
_BINFMT = "/proc/sys/fs/binfmt_misc"


def main() -> None:
    """Serve orders until the starter hangs up."""
    enter()
    while True:
        order = receive()
        in_child(partial(ORDERS[order["do"]], order), PLACE)
        send({"done": True})


def _raw(order: Mapping[str, Any]) -> None:
    """A card image by the code of builds, as far as the raw image."""
    assemble.write(order["output"], os.cpu_count() or 1)


def _tree(order: Mapping[str, Any]) -> None:
    """The merged tree as plain files at PLACE/tree."""
    store = Store(STORE)
    merged = PLACE / "merged"
    merged.mkdir(exist_ok=True)
    mount_overlay([store.delta(i) for i in order["tree"]], merged)
    run(["cp", "-a", str(merged), str(PLACE / "tree")])


def _copy(order: Mapping[str, Any]) -> None:
    # It stays until all is measured: ext4 is many times slower where it has just removed as many files.
    copy = _unused(PLACE, "copy")
    _measured(order, ["cp", "-a", str(PLACE / "tree"), str(copy)])
    _forget(copy)


def _genimage(order: Mapping[str, Any]) -> None:
    room = _unused(PLACE, "genimage")
    room.mkdir()
    (room / "in").mkdir()
    (room / "genimage.cfg").write_text(order["config"])
    _measured(order, genimage.command(PLACE / "tree", room))
    _forget(room)


def _forget(folder: Path) -> None:
    """Give the memory back in which the files of a folder are kept, though they stay.

    Else each run would find less of it than the one before, and those that come last would pay for all.
    """
    os.sync()
    for base, _, names in os.walk(folder):
        for name in names:
            path = Path(base, name)
            if path.is_file() and not path.is_symlink():
                with path.open("rb") as file:
                    os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _unused(folder: Path, name: str) -> Path:
    """A path that nothing has yet."""
    return folder / f"{name}{len(list(folder.glob(f'{name}*')))}"


def _split(order: Mapping[str, Any]) -> None:
    """PLACE/tree in two: what each partition holds."""
    boot = PLACE / "tree" / order["boot"]
    run(["cp", "-a", str(PLACE / "tree"), str(PLACE / "root")])
    run(["cp", "-a", str(boot), str(PLACE / "boot")])
    shutil.rmtree(PLACE / "root" / order["boot"])
    (PLACE / "root" / order["boot"]).mkdir()


def _mmdebstrap(order: Mapping[str, Any]) -> None:
    """A tree by mmdebstrap, from a repository that has just the packages of `debs`, all of them local."""
    room, tree = SHOWN / "room", PLACE / "peer"
    room.mkdir()
    linux.mount("tmpfs", room, "tmpfs", linux.MS_NOSUID | linux.MS_NODEV, "mode=755")
    (room / "tmp").mkdir(mode=0o1777)
    (room / "debs").mkdir()
    linux.bind(STORE / "debs", room / "debs", read_only=True)
    stanzas = [_stanza(sha256) for sha256 in order["debs"]]
    (room / "Packages").write_text("\n".join(stanzas))
    names = [ours.pinned(text) for text in stanzas]
    tree.mkdir()
    alone: AbstractContextManager[None] = nullcontext()
    if order["emulator"]:
        linux.mount("binfmt_misc", _BINFMT, "binfmt_misc")
        alone = emulated(FOREIGN[order["architecture"]], Path(order["emulator"]))
    with alone:
        argv = mmdebstrap.command(tree, room, order["architecture"], names)
        _measured(order, argv, {name: str(room / "tmp") for name in ("TMPDIR", "HOME")})
    ours.compare(names, (tree / "var/lib/dpkg/status").read_text())
    shutil.rmtree(tree)


def _stanza(sha256: str) -> str:
    deb = STORE / "debs" / f"{sha256}.deb"
    control = run(["dpkg-deb", "--field", str(deb)]).stdout.decode()
    return ours.stanza(control, sha256, deb.stat().st_size)


def _measured(order: Mapping[str, Any], argv: Sequence[str], env: Mapping[str, str] | None = None) -> None:
    """Run a program and tell what it took."""
    os.sync()
    account = Path(order["account"]) if "account" in order else None
    with (PLACE / "log").open("ab") as sink:
        before = usage(account.read_text()) if account else 0.0
        began = time.monotonic()
        process = subprocess.Popen(
            argv, env=environment(env), stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, cwd=PLACE
        )
        _, status, used = os.wait4(process.pid, 0)
        wall = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        tail = (PLACE / "log").read_text(errors="replace")[-1500:]
        raise OSError(f"{argv[0]} ended with {process.returncode}: {tail}")
    waited = used.ru_utime + used.ru_stime
    cpu = usage(account.read_text()) - before if account else waited
    send({"found": [{"cpu": cpu, "wall": wall, "waited": waited}]})


def _remove(_: Mapping[str, Any]) -> None:
    """What mapped ids wrote in a store, which is shown as PLACE."""
    for folder in ("objects", "tmp"):
        for path in (PLACE / folder).iterdir():
            _rid(path)


def _clear(_: Mapping[str, Any]) -> None:
    for path in PLACE.iterdir():
        _rid(path)


def _rid(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


ORDERS: dict[str, Callable[[Mapping[str, Any]], None]] = {
    "raw": _raw,
    "tree": _tree,
    "split": _split,
    "copy": _copy,
    "genimage": _genimage,
    "mmdebstrap": _mmdebstrap,
    "remove": _remove,
    "clear": _clear,
}

if __name__ == "__main__":
    main()
