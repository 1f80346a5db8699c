# SPDX-License-Identifier: Apache-2.0
"""A small release with an image like the real ones, signed by a real key, and cards to flash."""

from __future__ import annotations

import hashlib
import random
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from builder.flash.agent import table
from builder.flash.agent.order import Identity, Order
from builder.flash.agent.table import Part
from builder.release.index import dump as dump_index
from builder.release.manifest import Artifact, File, Image, ImagePartition, Manifest, Slot, dump
from builder.release.scan import scan

MIB = 1 << 20
BOOT, ROOT = 8 * MIB, 9 * MIB
BOOTCODE = BOOT + 70 * 1024
MOUNT = "10.42.0.250:/pxe/nodes/node02 /opt/content nfs vers=3 0 0\n"
SLOT = Slot(4 * MIB, 256 * 1024)


@dataclass(frozen=True)
class Tiny:
    """A release; what is in its image follows from `seed`, and from `changed` in some blocks."""

    seed: int = 1
    version: str = "20260101-aaaaaaaa"
    size: int = 16 * MIB
    changed: tuple[int, ...] = ()
    epoch: int = 1767225600
    boards: tuple[str, ...] = ("pi3b", "pi3bplus")
    wants: tuple[str, ...] = ()
    files: int = 0
    recipe = "tiny"

    @property
    def label(self) -> str:
        return f"{self.recipe}/{self.version}"

    @cached_property
    def image(self) -> bytes:
        """The first MiB has a table alone; half of what follows is content, some of it is zeros."""
        made = bytearray(self.size)
        chance = random.Random(self.seed)
        for start in range(BOOT, self.size, 64 * 1024):
            made[start : start + 64 * 1024] = self.block(chance, start)
        for block in self.changed:
            made[block * 65536 + 5] ^= 0xFF
        made[BOOT + 3 : BOOT + 11] = b"nodebake"
        made[BOOTCODE : BOOTCODE + 11] = b"BOOTCODEBIN"
        for number, start, size in ((1, BOOT, ROOT - BOOT), (2, ROOT, self.size - ROOT)):
            at = table.THIRD + 16 * (number - 3)
            made[at : at + 16] = table.entry(Part(number, 0x0C if number == 1 else 0x83, start, size))
        made[510:512] = b"\x55\xaa"
        return bytes(made)

    def block(self, chance: random.Random, start: int) -> bytes:
        """What is at `start` of the image."""
        return chance.randbytes(64 * 1024) if chance.random() < 0.7 else bytes(64 * 1024)

    def make(self, folder: Path, key: Path | None = None) -> Path:
        """Write it to `folder`/RECIPE/VERSION, signed with `key`; that folder."""
        place = folder / self.label
        place.mkdir(parents=True)
        stem = f"{self.recipe}-{self.version}"
        raw = place / f"{stem}.img"
        raw.write_bytes(self.image)
        read = scan(raw)
        (place / f"{stem}.img.index").write_bytes(dump_index(read.index))
        (place / f"{stem}.img.zst").write_bytes(b"not used here")
        kinds = {"image": ".img", "compressed": ".img.zst", "index": ".img.index"}
        artifacts = tuple(_artifact(kind, place / f"{stem}{ending}") for kind, ending in kinds.items())
        (place / "manifest.json").write_text(dump(self._manifest(artifacts)))
        if key:
            sign(place, key)
        return place

    def _manifest(self, artifacts: tuple[Artifact, ...]) -> Manifest:
        root = ImagePartition(2, ROOT, self.size - ROOT, "83", "ext4", "rootfs", "", "", "/")
        image = Image(self.size, "12345678", (root,), identity=SLOT, bootcode=BOOTCODE)
        files = tuple(
            File(f"usr/share/doc/package-{number}/changelog.gz", "f", "0644", 0, 0, self.epoch, 9, "ab" * 32)
            for number in range(self.files)
        )
        return Manifest(
            self.recipe, self.version, "debian", self.boards, "arm64", self.epoch, "12" * 32, (), (), (),
            files, (), image, artifacts, self.wants,
        )  # fmt: skip


def make_key(folder: Path) -> Path:
    """A key, and the list of signers that has it, `signers`."""
    folder.mkdir(exist_ok=True)
    key = folder / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "operator", "-f", key], check=True)
    kind, public = (folder / "key.pub").read_text().split()[:2]
    (folder / "signers").write_text(f'operator namespaces="nodebake-release" {kind} {public}\n')
    return key


def sign(place: Path, key: Path) -> None:
    (place / "manifest.json.sig").unlink(missing_ok=True)
    argv = ["ssh-keygen", "-q", "-Y", "sign", "-f", str(key), "-n", "nodebake-release"]
    argv.append(str(place / "manifest.json"))
    subprocess.run(argv, check=True, capture_output=True)


def offered(place: Path) -> dict[str, Path]:
    """The files of a release as the head serves them."""
    return {f"/{place.parent.name}/{place.name}/{path.name}": path for path in place.iterdir()}


def node_root(folder: Path, name: str = "node02") -> Path:
    """The root of a running flasher, with the identity that the head has laid over it."""
    texts = {
        "etc/hostname": f"{name}\n",
        "etc/machine-id": "0123456789abcdef0123456789abcdef\n",
        "etc/ssh/ssh_host_ed25519_key": "a private key\n",
        "etc/fstab": "tmpfs /tmp tmpfs defaults 0 0\n" + MOUNT,
    }
    for path, text in texts.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    (folder / "etc/ssh/ssh_host_ed25519_key").chmod(0o600)
    return folder


FILES = ("etc/hostname", "etc/machine-id", "etc/ssh/ssh_host_ed25519_key", "etc/nodebake/node")


def order(tiny: Tiny, url: str, device: Path, signers: Path, root: Path | None = None) -> Order:
    identity = Identity(str(root), FILES, {"wifi": b"secret"}) if root else Identity()
    return Order(
        "node02", tiny.label, f"{url}/{tiny.label}/", str(device), "pi3b", str(signers), "", identity
    )


def blank(path: Path, size: int) -> Path:
    with path.open("wb") as file:
        file.truncate(size)
    return path


def dirty(path: Path, size: int, seed: int = 7) -> Path:
    """A card full of something, but for its first MiB."""
    path.write_bytes(bytes(MIB) + random.Random(seed).randbytes(size - MIB))
    return path


def _artifact(kind: str, path: Path) -> Artifact:
    data = path.read_bytes()
    return Artifact(kind, path.name, len(data), hashlib.sha256(data).hexdigest())
