# SPDX-License-Identifier: Apache-2.0
"""What building needs of this machine, looked for before anything is touched."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from builder.errors import LackingError, RecipeError
from builder.host import chroot
from builder.host.identity import IdMap, id_map
from builder.host.process import find, run
from builder.store.store import Store

_MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}
# What a machine runs without an emulator.
_NATIVE = {"amd64": {"amd64"}, "arm64": {"arm64"}}
_SOURCE = Path(chroot.__file__).with_name("dispatch.c")
# With no C library, nothing may be taken for one of its functions.
_FLAGS = ("-Os", "-static", "-nostdlib", "-ffreestanding", "-fno-stack-protector", "-fno-builtin")
_KERNEL = (6, 7)


@dataclass(frozen=True)
class Workshop:
    """This machine as building sees it; `machine` is its architecture as dpkg names it."""

    store: Store
    ids: IdMap
    machine: str
    jobs: int


@dataclass(frozen=True)
class Interpreter:
    """How foreign programs run: the dispatcher's name among the store's tools, and the emulator."""

    dispatcher: str
    emulator: str


def machine() -> str:
    """This machine's architecture. Raises LackingError on one that has no Debian builds of our tools."""
    name = platform.machine()
    if name not in _MACHINES:
        raise LackingError(f"nodebake builds on amd64 and arm64, this machine is `{name}`")
    return _MACHINES[name]


def store_root(environment: Mapping[str, str]) -> Path:
    """NODEBAKE_STORE, or a folder of the user's cache."""
    if environment.get("NODEBAKE_STORE"):
        return Path(environment["NODEBAKE_STORE"]).absolute()
    cache = environment.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "nodebake"


def open_workshop(jobs: int | None = None) -> Workshop:
    """Check ids and store; `jobs` is how many processors to use, all by default."""
    if jobs is not None and jobs < 1:
        raise RecipeError(f"`--jobs {jobs}`: a build needs at least one processor")
    ids = id_map()
    store = Store.open(store_root(os.environ), ids.root)
    return Workshop(store, ids, machine(), jobs or os.cpu_count() or 1)


def interpreter(workshop: Workshop, architecture: str) -> Interpreter | None:
    """What runs programs of `architecture` here, compiled if need be; None where nothing is needed.

    Raises LackingError without an emulator, a compiler, or a kernel that is new enough.
    """
    if architecture in _NATIVE[workshop.machine]:
        return None
    release = os.uname().release
    # There need not be a third number, and what its maker adds may stand at the second: `6.17+deb14-amd64`.
    if tuple(int(number) for number in re.findall(r"\d+", release)[:2]) < _KERNEL:
        raise LackingError(
            f"this kernel ({release}) has no binfmt_misc for user namespaces",
            facts=["it came with Linux 6.7; Debian 12 has such a kernel in bookworm-backports"],
            hint="sudo apt-get install -t bookworm-backports linux-image-amd64",
        )
    foreign = chroot.FOREIGN[architecture]
    emulator = find(*foreign.emulators)
    if not emulator:
        raise LackingError(
            f"there is no emulator for {architecture} programs on this machine",
            facts=[f"looked for {' and '.join(foreign.emulators)}"],
            hint="sudo apt-get install qemu-user-static (Debian 13: qemu-user)",
        )
    return Interpreter(_compile(workshop), str(emulator))


def require_programs(kinds: Collection[str]) -> None:
    """Refuse before the first step what a step of these kinds would miss."""
    if "mmdebstrap" in kinds and not find("mmdebstrap"):
        raise LackingError(
            "there is no mmdebstrap on this machine",
            facts=["it is the engine that --engine names; the native one needs no such program"],
            hint="sudo apt-get install mmdebstrap",
        )


def require_space(workshop: Workshop, out: Path, store_bytes: int, out_bytes: int) -> None:
    """Refuse before the first step what would fill the disk in the middle."""
    store = workshop.store.root
    out = next(folder for folder in (out, *out.parents) if folder.is_dir())
    needs = {store: store_bytes, out: out_bytes}
    if store.stat().st_dev == out.stat().st_dev:
        needs = {store: store_bytes + out_bytes}
    for folder, need in needs.items():
        free = shutil.disk_usage(folder).free
        if free < need:
            raise LackingError(
                f"the disk of `{folder}` is too full for this build",
                facts=[f"needed, by estimate: {need >> 20} MiB", f"free: {free >> 20} MiB"],
                hint="free some space, or go elsewhere: NODEBAKE_STORE=DIR, NODEBAKE_OUT=DIR",
            )


def _compile(workshop: Workshop) -> str:
    """The dispatcher for this machine, in the store by the hash of its source."""
    source = _SOURCE.read_bytes()
    name = f"dispatch-{workshop.machine}-{hashlib.sha256(source).hexdigest()[:16]}"
    target = workshop.store.tools / name
    if not target.exists():
        partial = target.with_suffix(f".{os.getpid()}")
        multiarch = chroot.MULTIARCH[workshop.machine]
        run(["cc", *_FLAGS, f'-DMULTIARCH="{multiarch}"', "-o", str(partial), str(_SOURCE)])
        partial.chmod(0o755)
        partial.rename(target)
    return name
