# SPDX-License-Identifier: Apache-2.0
"""A root that was made by hand becomes a release: today's `/pxe/root` with its boot directory.

It is of mode private: each node gets a copy of its own. The kernel mounts it by itself, for a hand-made root
has not our initramfs. Nothing of the original is changed. The manifest still has to be signed.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import stat
import tarfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builder.errors import RecipeError
from builder.head.ground import machine
from builder.head.ground.layout import Layout, checked_name
from builder.head.node import drift
from builder.head.release.taking import beside
from builder.head.served import dnsmasq

_EMPTIED = ("proc", "sys", "dev", "run", "tmp", "var/tmp")
"""What a system mounts over, or makes anew."""
_SECRET = "etc/ssh/ssh_host_"
"""Host keys that all nodes share today: each node has one of its own."""
_FIRMWARE = ("bootcode.bin", "start", "fixup", "config.txt", "bootsig.bin", "recovery", "dt-blob.bin")
_ROOTS = ("root=", "nfsroot=", "rootfstype=", "ip=", "init=", "fsck.repair=")
_PLAIN = ("resize", "rootwait", "rw", "ro")
"""Words of a cmdline.txt that name a root, which each node gets of its own."""
_BOARD_MEMORY = 1024
_KINDS = {
    stat.S_IFREG: "f",
    stat.S_IFDIR: "d",
    stat.S_IFLNK: "l",
    stat.S_IFCHR: "c",
    stat.S_IFBLK: "b",
    stat.S_IFIFO: "p",
}


@dataclass(frozen=True)
class Adopt:
    """Make a release called `name` of the folders `root` and `boot`, for `boards`."""

    layout: Layout
    name: str
    root: Path
    boot: Path
    boards: tuple[str, ...]
    now: int

    def describe(self) -> str:
        return f"make a release of {self.root} and {self.boot}"

    def run(self) -> Path:
        """The release's folder, below `adopted/`."""
        checked_name(self.name, "release")
        faults = [f"`{path}` is no folder" for path in (self.root, self.boot) if not path.is_dir()]
        faults += (
            [f"there is no `{self.boot / 'config.txt'}`"] if not (self.boot / "config.txt").exists() else []
        )
        if faults:
            raise RecipeError("this is no root with its boot directory", facts=faults)
        found = list(scan(self.root))
        version = self._version(found)
        final = self.layout.adopted / self.name / version
        if not final.exists():
            with beside(self.layout, final) as making:
                self._fill(making, version, found)
        return final

    def _version(self, found: list[dict[str, Any]]) -> str:
        """The day, and a hash of all that it is made of: what is the same is adopted once a day."""
        boot = [
            [str(inner), drift.sha256(self.boot / inner), int((self.boot / inner).stat().st_mtime)]
            for inner in boot_files(self.boot)
        ]
        digest = hashlib.sha256(json.dumps([found, boot, self.boards], sort_keys=True).encode())
        return f"{time.strftime('%Y%m%d', time.gmtime(self.now))}-{digest.hexdigest()[:8]}"

    def _fill(self, making: Path, version: str, found: list[dict[str, Any]]) -> None:
        stem = f"{self.name}-{version}"
        pack_root(self.root, making / f"{stem}.root.tar.zst")
        with tarfile.open(making / f"{stem}.boot.tar", "w") as tar:
            pack_boot(self.boot, tar, f"{version}/")
        (making / "manifest.json").write_text(self._manifest(making, stem, version, found), encoding="utf-8")

    def _manifest(self, folder: Path, stem: str, version: str, found: list[dict[str, Any]]) -> str:
        settings = dict(dnsmasq.settings((self.boot / "config.txt").read_text(errors="replace")))
        kernel = settings.get("kernel") or kernel_name(self.boot, settings)
        board: dict[str, Any] = {"kernel": kernel, "initramfs": "", "device_trees": [], "start": "start.elf"}
        board |= {"fixup": "fixup.dat", "memory": _BOARD_MEMORY}
        words = self.boot / "cmdline.txt"
        netboot = {
            "mode": "private",
            "writable": "tmpfs",
            "persist": [],
            "prefix": f"{version}/",
            "boot": f"{stem}.boot.tar",
            "layers": [],
            "root": f"{stem}.root.tar.zst",
            "cmdline": common_words(words.read_text(errors="replace") if words.exists() else ""),
            "boards": [{"name": name, **board} for name in self.boards],
            "needs": 0,
        }
        artifacts = [
            {
                "kind": kind,
                "name": name,
                "size": (folder / name).stat().st_size,
                "sha256": drift.sha256(folder / name),
            }
            for kind, name in (("boot", netboot["boot"]), ("root", netboot["root"]))
            if isinstance(name, str)
        ]
        told: dict[str, Any] = {"format": 2, "recipe": self.name, "version": version, "base": "adopted"}
        told |= {"boards": list(self.boards), "architecture": architecture(self.root), "epoch": self.now}
        told |= {"lock": "", "archives": [], "steps": [], "packages": [], "non_free": [], "wants": []}
        told |= {"image": None, "netboot": netboot, "artifacts": artifacts, "files": found}
        return json.dumps(told, sort_keys=True) + "\n"


def scan(root: Path) -> Iterator[dict[str, Any]]:
    """The paths of a tree as a manifest has them, sorted, without what a copy leaves out."""
    yield _file(root, "")
    yield from _below(root, "")


def pack_root(root: Path, archive: Path) -> None:
    """A root with owners, links and attributes."""
    excluded = [f"--exclude=./{path}/*" for path in _EMPTIED] + [f"--exclude=./{_SECRET}*"]
    machine.run(
        ["tar", "--create", "--zstd", "--file", str(archive), "--directory", str(root), "--one-file-system"]
        + ["--numeric-owner", "--xattrs", "--xattrs-include=*", "--sort=name", *excluded, "."]
    )


def pack_boot(boot: Path, tar: tarfile.TarFile, prefix: str) -> None:
    """The boot directory as a release has it: firmware at the top, everything else below the prefix."""
    config = (boot / "config.txt").read_text(errors="replace")
    _add(tar, "config.txt", f"{config.rstrip()}\n[all]\nos_prefix={prefix}\n".encode(), 0)
    for inner in boot_files(boot):
        if str(inner) in ("config.txt", "cmdline.txt"):
            continue
        top = len(inner.parts) == 1 and inner.name.startswith(_FIRMWARE)
        path = boot / inner
        _add(tar, str(inner) if top else f"{prefix}{inner}", path.read_bytes(), int(path.stat().st_mtime))


def boot_files(boot: Path) -> Iterator[Path]:
    """The files of a boot directory, relative to it, sorted: folders of other nodes lie beside, today."""
    for path in sorted(boot.rglob("*")):
        inner = path.relative_to(boot)
        if path.is_file() and (len(inner.parts) == 1 or inner.parts[0] == "overlays"):
            yield inner


def common_words(cmdline: str) -> list[str]:
    """The words of a cmdline.txt that are the same for every node."""
    return [word for word in cmdline.split() if not word.startswith(_ROOTS) and word not in _PLAIN]


def kernel_name(boot: Path, settings: dict[str, str]) -> str:
    """The kernel that the firmware of a 3B takes by itself."""
    wide = settings.get("arm_64bit") == "1"
    names = ("kernel8.img",) if wide else ("kernel7.img", "kernel.img", "kernel8.img")
    return next((name for name in names if (boot / name).exists()), names[0])


def architecture(root: Path) -> str:
    """That of the root's dpkg, empty when it has none."""
    try:
        status = (root / "var/lib/dpkg/status").read_text(errors="replace")
    except OSError:
        return ""
    paragraph = next((each for each in status.split("\n\n") if each.startswith("Package: dpkg\n")), "")
    lines = [line for line in paragraph.splitlines() if line.startswith("Architecture: ")]
    return lines[0].partition(": ")[2] if lines else ""


def _below(root: Path, folder: str) -> Iterator[dict[str, Any]]:
    device = root.stat().st_dev
    for entry in sorted(os.scandir(root / folder), key=lambda each: each.name):
        path = f"{folder}{entry.name}"
        status = entry.stat(follow_symlinks=False)
        if path.startswith(_SECRET) or stat.S_IFMT(status.st_mode) not in _KINDS or status.st_dev != device:
            continue
        yield _file(root, path)
        if entry.is_dir(follow_symlinks=False) and path not in _EMPTIED:
            yield from _below(root, f"{path}/")


def _file(root: Path, path: str) -> dict[str, Any]:
    place = root / path
    status = place.lstat()
    kind = _KINDS[stat.S_IFMT(status.st_mode)]
    found: dict[str, Any] = {"path": path, "type": kind, "mode": f"{stat.S_IMODE(status.st_mode):04o}"}
    found |= {"uid": status.st_uid, "gid": status.st_gid, "mtime": int(status.st_mtime)}
    if kind == "f":
        found |= {"size": status.st_size, "sha256": drift.sha256(place)}
    if kind == "l":
        found["target"] = str(place.readlink())
    if kind in "cb":
        found["device"] = f"{os.major(status.st_rdev)}:{os.minor(status.st_rdev)}"
    return found


def _add(tar: tarfile.TarFile, name: str, data: bytes, date: int) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode, member.mtime = len(data), 0o644, date
    tar.addfile(member, io.BytesIO(data))
