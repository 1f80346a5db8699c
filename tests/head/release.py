# SPDX-License-Identifier: Apache-2.0
"""A tiny release for network boot, in the format of the real ones, made in no time."""

from __future__ import annotations

import hashlib
import io
import os
import stat
import subprocess
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from builder.netboot import config_txt
from builder.release.index import dump as dump_index
from builder.release.manifest import Artifact, File, Image, Manifest, Netboot, NetbootBoard, Trial, dump
from builder.release.scan import scan as scan_image
from tests.flash import ground as disk

Mode = Literal["shared", "private", "ram", "card"]


@dataclass(frozen=True)
class Tiny:
    """What a release is made from. Its content follows from recipe and version, and `top` alone."""

    version: str = "20260101-aaaaaaaa"
    recipe: str = "tiny"
    mode: Mode = "shared"
    writable: Literal["tmpfs", "card", "loop"] = "tmpfs"
    epoch: int = 1767225600
    boards: tuple[str, ...] = ("pi3b", "pi3bplus", "pi4")
    needs: int = 0
    wants: tuple[str, ...] = ()
    initramfs: str = "initrd.img"
    top: Mapping[str, str] = field(default_factory=lambda: {"etc/motd": "hello\n"})

    @property
    def prefix(self) -> str:
        return f"{self.version}/"

    @property
    def image(self) -> bytes:
        """What is on a card, in mode `card`."""
        return disk.Tiny(seed=int(self.version[:8]), size=10 << 20).image

    def make(self, folder: Path) -> Path:
        """Write it; the folder, which is the release's."""
        place = folder / self.recipe / self.version
        place.mkdir(parents=True)
        stem = f"{self.recipe}-{self.version}"
        self._boot(place / f"{stem}.boot.tar")
        made: list[tuple[str, str]] = [("boot", f"{stem}.boot.tar")]
        files: tuple[File, ...] = ()
        if self.mode == "private":
            root = place / "tree"
            self.tree(root)
            files = tuple(scan(root))
            subprocess.run(
                ["tar", "--create", "--zstd", "--file", str(place / f"{stem}.root.tar.zst"), "--sort=name"]
                + ["--directory", str(root), "."],
                check=True,
            )
            subprocess.run(["rm", "-r", root], check=True)
            made.append(("root", f"{stem}.root.tar.zst"))
        elif self.mode == "card":
            raw = place / f"{stem}.img"
            raw.write_bytes(self.image)
            subprocess.run(["zstd", "-q", raw], check=True)
            (place / f"{stem}.img.index").write_bytes(dump_index(scan_image(raw).index))
            made += [("image", f"{stem}.img"), ("compressed", f"{stem}.img.zst")]
            made.append(("index", f"{stem}.img.index"))
        else:
            # The base is the same for all versions of a recipe, as it is when a file of an overlay changes.
            (place / f"{stem}.base.squashfs").write_bytes(_bytes(f"base of {self.recipe}", 200_000))
            (place / f"{stem}.top.squashfs").write_bytes(_bytes(repr(self), 5_000))
            made += [("layer", f"{stem}.base.squashfs"), ("layer", f"{stem}.top.squashfs")]
        artifacts = tuple(_artifact(kind, place / name) for kind, name in made)
        (place / "manifest.json").write_text(dump(self._manifest(artifacts, files)))
        return place

    def _boot(self, archive: Path) -> None:
        pairs = {
            section: (f"start{four}-{self.version[:8]}.elf", f"fixup{four}-{self.version[:8]}.dat")
            for section, four in (("pi4", "4"), ("pi3", ""), ("pi3+", ""))
        }
        initramfs = f"initramfs {self.initramfs}\n" if self.initramfs else ""
        inner = ["vmlinuz", "overlays/overlay_map.dtb", "overlays/disable-bt.dtbo"]
        inner += ["bcm2837-rpi-3-b.dtb", "bcm2837-rpi-3-b-plus.dtb", "bcm2711-rpi-4-b.dtb"]
        inner += [self.initramfs] if self.initramfs else []
        with tarfile.open(archive, "w") as tar:
            _add(tar, "bootcode.bin", _bytes(f"{self.version} bootcode.bin", 3000))
            config = config_txt.head(self.prefix, pairs) + "kernel=vmlinuz\n" + initramfs
            _add(tar, "config.txt", config.encode())
            for name in sorted({name for pair in pairs.values() for name in pair}):
                stem, _, suffix = name.partition("-")
                plain = f"{stem}.{suffix.partition('.')[2]}"
                _add(tar, plain, _bytes(f"{self.version} {plain}", 3000))
                _link(tar, name, plain)
            _folder(tar, self.version)
            _folder(tar, f"{self.prefix}overlays")
            for name in inner:
                _add(tar, f"{self.prefix}{name}", _bytes(f"{self.version} {name}", 4000))

    def tree(self, root: Path) -> None:
        texts = {
            "etc/fstab": "proc /proc proc defaults 0 0\n",
            "etc/hostname": "none\n",
            "etc/default/raspi-firmware": "ROOTPART=/dev/nfs\n",
            "etc/nodebake/release": f"{self.recipe}/{self.version}\n",
            "usr/bin/tool": "#!/bin/sh\n",
            **self.top,
        }
        for path, text in texts.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
            os.utime(root / path, (self.epoch, self.epoch))
        for path in ("boot/firmware", "etc/ssh", "var/log"):
            (root / path).mkdir(parents=True, exist_ok=True)
        (root / "bin").symlink_to("usr/bin")

    def _manifest(self, artifacts: tuple[Artifact, ...], files: tuple[File, ...]) -> Manifest:
        boards = tuple(
            NetbootBoard(
                name, "vmlinuz", self.initramfs, ("bcm2837-rpi-3-b.dtb",), "start.elf", "fixup.dat", 1024
            )
            for name in self.boards
        )
        names = {kind: [each.name for each in artifacts if each.kind == kind] for kind in ("boot", "root")}
        layers = tuple(each.name for each in artifacts if each.kind == "layer")
        cmdline = ("console=tty1", "cgroup_enable=memory")
        image, netboot = None, None
        if self.mode == "card":
            trial = Trial(names["boot"][0], self.prefix, (*cmdline, "root=PARTUUID=88d94b30-02"), boards)
            image = Image(len(self.image), "88d94b30", (), trial, disk.SLOT, disk.BOOTCODE)
        else:
            netboot = Netboot(
                self.mode, self.writable, (), self.prefix, names["boot"][0], layers, "".join(names["root"]),
                cmdline, boards, self.needs,
            )  # fmt: skip
        return Manifest(
            self.recipe, self.version, "debian", self.boards, "arm64", self.epoch, "12" * 32, (), (), (),
            files, (), image, artifacts, self.wants, netboot,
        )  # fmt: skip


def scan(root: Path) -> list[File]:
    """The paths of a tree as a manifest has them."""
    kinds = {stat.S_IFREG: "f", stat.S_IFDIR: "d", stat.S_IFLNK: "l"}
    found = []
    for path in (root, *sorted(root.rglob("*"))):
        status = path.lstat()
        kind = kinds[stat.S_IFMT(status.st_mode)]
        data = path.read_bytes() if kind == "f" else b""
        name = "" if path == root else str(path.relative_to(root))
        found.append(
            File(
                name,
                kind,
                f"{stat.S_IMODE(status.st_mode):04o}",
                status.st_uid,
                status.st_gid,
                int(status.st_mtime),
                len(data),
                hashlib.sha256(data).hexdigest() if kind == "f" else "",
                str(path.readlink()) if kind == "l" else "",
            )
        )
    return found


def _artifact(kind: str, path: Path) -> Artifact:
    data = path.read_bytes()
    return Artifact(kind, path.name, len(data), hashlib.sha256(data).hexdigest())


def _bytes(seed: str, size: int) -> bytes:
    """Bytes that follow from the seed."""
    return hashlib.shake_128(seed.encode()).digest(size)


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    member = tarfile.TarInfo(f"./{name}")
    member.size, member.mtime = len(data), 1767225600
    tar.addfile(member, io.BytesIO(data))


def _link(tar: tarfile.TarFile, name: str, target: str) -> None:
    member = tarfile.TarInfo(f"./{name}")
    member.type, member.linkname = tarfile.LNKTYPE, f"./{target}"
    tar.addfile(member)


def _folder(tar: tarfile.TarFile, name: str) -> None:
    member = tarfile.TarInfo(f"./{name}")
    member.type, member.mode = tarfile.DIRTYPE, 0o755
    tar.addfile(member)
