# SPDX-License-Identifier: Apache-2.0
"""A node that boots from nothing but its card, behind a real ssh server; what boots it is on a file system.

That is an ext4 where a real card has a FAT: not every kernel of those who run this can mount one.

The card is a file behind two loop devices, one for its first partition. What boots follows from the bytes of
that file: config.txt, the flasher's folder, the second partition. A card that boots nothing leaves the node
silent for good.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

from builder.flash.agent import table
from builder.flash.agent.table import Part
from builder.release.manifest import Artifact, ImagePartition, Manifest
from tests.deploy import boards
from tests.flash import ground as disk
from tests.flash.ground import BOOT, MIB, blank
from tests.tools.power.sshd import Keys, free_port, server
from tests.unit.rules.source import ROOT

SIZE = 16 * MIB
BOOT_SIZE = 4 * MIB
KEY = "etc/ssh/ssh_host_ed25519_key"
SECOND = BOOT + BOOT_SIZE
_ENTER = boards.ENTER.replace(
    "mount --rbind",
    """mkdir /run/nodebake-kept
mount --bind "$1/kept" /run/nodebake-kept
: >"$1/dev/mmcblk0p1"
mount --bind "$(cat "$1/part")" "$1/dev/mmcblk0p1"
mount --rbind""",
).replace(
    "export NODE",
    """if [ "$(cat "$1/root")" = /dev/mmcblk0p2 ]; then
    mount -t tmpfs none /boot
    mkdir /boot/firmware
    # A device that nobody has closed remembers what was there before the whole card was written.
    blockdev --flushbufs /dev/mmcblk0p1
    mount /dev/mmcblk0p1 /boot/firmware
fi
export NODE""",
)
MUTE_SECONDS = 12
"""How long a release that is not heard of stays up, while it is tried."""
_FINDMNT = """\
case "$*" in
    *MAJ:MIN*) echo 179:2 ;;
    */boot/firmware) [ "$(cat "$NODE/root")" = overlay ] || echo /dev/mmcblk0p1 ;;
    *) cat "$NODE/root" ;;
esac"""
_BOOT = """\
import hashlib, io, json, os, shutil, subprocess, tarfile, uuid
from pathlib import Path
node, whole = Path({node!r}), json.loads(Path({known!r}).read_text())
(node / "booting").touch()

def part(path):
    argv = ["/usr/sbin/debugfs", "-R", f"cat /{{path}}", f"{{node}}/card.img?offset={boot}"]
    done = subprocess.run(argv, capture_output=True)
    if b"not found" in done.stderr or not done.stdout:
        raise SystemExit(f"it boots nothing: {{done.stderr}}")
    return done.stdout.decode(errors="replace")

with (node / "card.img").open("rb") as card:
    data = card.read({size})
config = part("config.txt")
said = dict(line.partition("=")[::2] for line in config.splitlines())
prefix = said.get("os_prefix", "")
part(f"{{prefix}}{{said['kernel']}}")
words = part(prefix + said.get("cmdline", "cmdline.txt"))
(node / "words").write_text(words)
for each in (node / "kept").iterdir():
    shutil.rmtree(each)
guest = prefix.startswith("nodebake-flasher/")
if guest:
    told = dict(word.partition("=")[::2] for word in words.split())
    release = told["nodebake.release"]
    for layer in told["nodebake.layers"].split(","):
        part(f"{{told['nodebake.root'].removeprefix('card:')}}/{{layer}}")
    slot = data[{slot} : {slot} + {slot_size}]
    root = node / "root-of-guest"
    shutil.rmtree(root, ignore_errors=True)
    tarfile.open(fileobj=io.BytesIO(slot)).extractall(root)
    assert (root / "etc/hostname").exists()
else:
    release = whole.get(hashlib.sha256(data[{second} :]).hexdigest(), "")
    if not release:
        raise SystemExit("its root is neither the one nor the other")
    early = {{"CMDLINE": node / "words", "KMSG": node / "kmsg", "RUN": node}}
    told = {{f"NODEBAKE_{{key}}": str(value) for key, value in early.items()}}
    subprocess.run(["sh", node / "once"], env={{**os.environ, **told}}, check=True)
    ill = node / "panics"
    if ill.exists() and ill.read_text() == release:
        with (node / "boots").open("a") as log:
            log.write("panic\\n")
        os.execv(node / "boot", [node / "boot"])
    root = node / "root-of-card"
    for folder in ("etc", "run"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    (root / "etc/fstab").touch()
    (root / "etc/machine-id").touch()
    places = {{"NODEBAKE_ROOT": root, "NODEBAKE_SYS": node / "sys", "NODEBAKE_DISK": node / "card.img"}}
    told = {{key: str(value) for key, value in places.items()}}
    told["NODEBAKE_CMDLINE"] = str(node / "words")
    env = {{"NODE": str(node), "PATH": f"{{node}}/bin:/usr/bin:/bin", **told}}
    subprocess.run(["sh", {unpack!r}], env=env, check=True)
shutil.rmtree(node / "etc")
shutil.copytree(root / "etc", node / "etc")
(node / "etc/nodebake").mkdir(exist_ok=True)
(node / "etc/nodebake/release").write_text(release + "\\n")
(node / "cmdline").write_text(words + "\\n")
(node / "root").write_text("overlay" if guest else "/dev/mmcblk0p2")
shutil.rmtree(node / "lib/nodebake", ignore_errors=True)
(node / "lib/nodebake").mkdir()
if guest:
    shutil.copy({visit!r}, node / "lib/nodebake/visit")
    (node / "lib/nodebake/visit").chmod(0o755)
    # Its unit, at each start.
    subprocess.run(["sh", {visit!r}, "leave"], check=True)
with (node / "boots").open("a") as log:
    log.write(release + "\\n")
(node / "boot_id.new").write_text(str(uuid.uuid4()) + "\\n")
(node / "boot_id.new").replace(node / "boot_id")
mute = node / "mute"
if mute.exists() and mute.read_text() == release:
    # What is tried starts again when its time is over.
    assert "nodebake.trial=" in words
    subprocess.Popen(["setsid", "sh", "-c", f"sleep {mute_seconds}; exec {{node}}/boot"])
elif not (node / "deaf").exists() or not guest:
    (node / "booting").unlink()
"""


class Card(disk.Tiny):
    """A release for cards whose first partition is a FAT with what firmware wants; from version and seed."""

    recipe = "zero"
    boot_size = BOOT_SIZE

    @cached_property
    def image(self) -> bytes:
        made = bytearray(super().image)
        end = BOOT + self.boot_size
        made[BOOT:end] = self._boot_files()
        for number, start, size in ((1, BOOT, self.boot_size), (2, end, self.size - end)):
            at = table.THIRD + 16 * (number - 3)
            made[at : at + 16] = table.entry(Part(number, 0x0C if number == 1 else 0x83, start, size))
        return bytes(made)

    def _manifest(self, artifacts: tuple[Artifact, ...]) -> Manifest:
        made = super()._manifest(artifacts)
        assert made.image
        boot = ImagePartition(1, BOOT, self.boot_size, "0c", "vfat", "bootfs", "", "", "/boot/firmware")
        return replace(made, image=replace(made.image, bootcode=0, partitions=(boot, *made.image.partitions)))

    def _boot_files(self) -> bytes:
        """The first partition."""
        with TemporaryDirectory() as place:
            files, made = Path(place) / "files", blank(Path(place) / "made", self.boot_size)
            files.mkdir()
            texts = {
                "config.txt": f"# {self.version}\ngpu_mem=16\nkernel=kernel.img\n",
                "kernel.img": self.version,
                "cmdline.txt": "root=/dev/mmcblk0p2 rootwait\n",
            }
            for name, text in texts.items():
                (files / name).write_text(text)
            argv = ["/usr/sbin/mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", "-d", str(files), str(made)]
            subprocess.run(argv, check=True)
            with made.open("r+b") as file:
                file.seek(3)
                file.write(b"nodebake")
            return made.read_bytes()


class Wider(Card):
    """One whose boot partition is of another size."""

    boot_size = BOOT_SIZE // 2


def grow(release: Path, size: int) -> None:
    """Make a release larger that has layers, by a layer's zeros."""
    manifest = json.loads((release / "manifest.json").read_text())
    layer = next(each for each in manifest["artifacts"] if each["kind"] == "layer")
    with (release / layer["name"]).open("r+b") as file:
        file.truncate(layer["size"] + size)
    layer["size"] += size
    layer["sha256"] = hashlib.sha256((release / layer["name"]).read_bytes()).hexdigest()
    (release / "manifest.json").write_text(json.dumps(manifest))


@dataclass(frozen=True)
class Guest:
    """The node: a folder."""

    folder: Path

    @property
    def runs(self) -> str:
        return (self.folder / "etc/nodebake/release").read_text().strip()

    @property
    def boots(self) -> list[str]:
        """What it has come up with, from the first time on."""
        return (self.folder / "boots").read_text().split()

    @property
    def silent(self) -> bool:
        return (self.folder / "booting").exists()

    @property
    def said(self) -> str:
        """What its starts have told of failures."""
        return (self.folder / "boot.log").read_text()

    def start(self) -> None:
        """Cut its power, and give it again. A card that boots nothing leaves it silent."""
        (self.folder / "booting").unlink(missing_ok=True)
        (self.folder / "root").write_text("none")
        argv = ["unshare", "--mount", "sh", str(self.folder / "enter"), str(self.folder)]
        subprocess.run(argv, env={**os.environ, "SSH_ORIGINAL_COMMAND": 'exec "$NODE/boot"'}, check=False)

    def on_boot(self) -> list[str]:
        """Names at the top of its boot partition."""
        argv = ["/usr/sbin/debugfs", "-R", "ls -p /", f"{self.folder}/card.img?offset={BOOT}"]
        told = subprocess.run(argv, check=True, capture_output=True, text=True).stdout
        names = {line.split("/")[5] for line in told.splitlines() if line}
        return sorted(names - {".", "..", "lost+found"})


@contextmanager
def guest(
    keys: Keys, place: Path, address: str, releases: Sequence[Card], card: Path
) -> Iterator[tuple[Guest, int]]:
    """The node, up with what `card` holds, and its port. `releases` are those that it can tell apart."""
    keys.make(f"host-{address}")
    with ExitStack() as stack:
        whole = stack.enter_context(boards.device(card))
        part = stack.enter_context(boards.device(card, "--offset", str(BOOT), "--sizelimit", str(BOOT_SIZE)))
        node = _node(place, card, whole, part, releases)
        (place / "root-of-card/etc/ssh").mkdir(parents=True)
        for suffix in ("", ".pub"):
            shutil.copy(f"{keys.folder}/host-{address}{suffix}", place / f"root-of-card/{KEY}{suffix}")
        subprocess.run([place / "boot"], check=True)
        port = free_port()
        enter = ["unshare", "--mount", "sh", str(place / "enter"), str(place)]
        stack.enter_context(server(keys, address, port, f"ForceCommand exec {shlex.join(enter)}"))
        yield node, port


def _node(folder: Path, card: Path, whole: Path, part: Path, releases: Sequence[Card]) -> Guest:
    overlays = ROOT / "overlays"
    values: Mapping[str, object] = {
        "node": str(folder),
        "known": str(folder / "known.json"),
        "boot": BOOT,
        "second": SECOND,
        "size": SIZE,
        "slot": disk.SLOT.start,
        "slot_size": disk.SLOT.size,
        "mute_seconds": MUTE_SECONDS,
        "unpack": str(overlays / "card-identity/usr/lib/nodebake/identity"),
        "visit": str(overlays / "flasher-card/usr/lib/nodebake/visit"),
    }
    boards.furnish(folder, _ENTER, _BOOT.format(**values), _FINDMNT)
    (folder / "kept").mkdir()
    once = overlays / "card-once/usr/share/initramfs-tools/scripts/init-premount/nodebake-once"
    (folder / "once").write_text(once.read_text().replace("mount -t vfat", "mount -t ext4"))
    (folder / "card.img").symlink_to(card)
    (folder / "device").write_text(str(whole))
    (folder / "part").write_text(str(part))
    known = {hashlib.sha256(each.image[SECOND:]).hexdigest(): each.label for each in releases}
    (folder / "known.json").write_text(json.dumps(known))
    return Guest(folder)
