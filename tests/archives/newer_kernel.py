# SPDX-License-Identifier: Apache-2.0
"""An archive with a kernel that is newer than Debian's: Debian's own under the name of its next release.

So `apt full-upgrade` does what it does on the day on which there is one: a package of another name comes in,
the former one stays. Modules that no netboot wants are left out, for the test's time.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.archives import of_debian
from tests.archives.deb import build, extract
from tests.archives.raspberrypi import renamed
from tests.archives.repository import Repository
from tests.archives.signer import Signer

SUITE = "trixie"
_META = "linux-image-arm64"
_SCRIPTS = ("preinst", "postinst", "prerm", "postrm")
_KEPT = (
    *("arch", "crypto", "lib", "net/core", "net/dns_resolver", "net/ipv4", "net/ipv6", "net/packet"),
    *("net/sunrpc", "drivers/net/ethernet/broadcom", "drivers/net/mdio", "drivers/net/phy"),
    *(f"fs/{name}" for name in ("autofs", "configfs", "ext4", "fuse", "jbd2", "lockd", "mbcache", "netfs")),
    *(f"fs/{name}" for name in ("nfs", "nfs_common", "nls", "overlayfs", "squashfs")),
    *(f"drivers/{name}" for name in ("block", "clk", "gpio", "mmc", "pci", "regulator", "usb", "virtio")),
    *(f"drivers/net/{name}" for name in ("net_failover", "netconsole", "usb", "virtio_net")),
)


@dataclass(frozen=True)
class NewerKernel:
    """The archive, and what `uname -r` says of Debian's kernel and of the one in there."""

    repository: Repository
    before: str
    after: str


def write(root: Path, work: Path, signer: Signer) -> NewerKernel:
    """The archive in `root`, its packages made in `work`."""
    found = of_debian.packages(of_debian.TRIXIE, "arm64", [_META])
    image = next(p for p in found.values() if p.name.startswith("linux-image-") and p.name != _META)
    before = image.name.removeprefix("linux-image-")
    after, version = following(before), following(image.version)
    (deb,) = of_debian.files([image])
    folder = work / f"linux-image-{after}"
    _lay_out(deb, folder, before, after)
    fields = {"Version": version, "Architecture": "arm64", "Section": "kernel"}
    needs = "kmod, linux-base, initramfs-tools"
    own = {**fields, "Package": folder.name, "Depends": needs}
    newest = {**fields, "Package": _META, "Depends": f"{folder.name} (= {version})"}
    debs = [build(folder, own, work, **_scripts(deb, work, before, after)), build(work / _META, newest, work)]
    repository = Repository(root, signer, ("arm64",))
    repository.publish(SUITE, {"main": debs})
    return NewerKernel(repository, before, after)


def following(version: str) -> str:
    """The next patch release: 6.12.118+deb13-arm64 → 6.12.119+deb13-arm64."""
    return re.sub(r"^(\d+\.\d+\.)(\d+)", lambda found: f"{found[1]}{int(found[2]) + 1}", version)


def _lay_out(deb: Path, folder: Path, before: str, after: str) -> None:
    """The files of a kernel's package under its new name."""
    extract(deb, folder)
    _thin_out(folder / "usr/lib/modules" / before / "kernel")
    for path in sorted(folder.rglob(f"*{before}"), key=lambda each: len(each.parts), reverse=True):
        path.rename(path.with_name(path.name.replace(before, after)))
    kernel = folder / f"boot/vmlinuz-{after}"
    image = renamed(kernel.read_bytes(), before, after)
    assert f"{after}\0".encode() in image, "the kernel does not tell its name where it was looked for"
    kernel.write_bytes(image)


def _thin_out(modules: Path) -> None:
    """Leave what a netboot wants: a node in an emulator takes a quarter of a second to unpack each file."""
    kept = tuple(f"{modules / name}" for name in _KEPT)
    for path in modules.rglob("*.ko*"):
        if not str(path).startswith(kept):
            path.unlink()


def _scripts(deb: Path, work: Path, before: str, after: str) -> dict[str, str]:
    """The package's maintainer scripts, for the new name."""
    folder = work / "scripts"
    subprocess.run(["dpkg-deb", "--control", deb, folder], check=True)
    return {name: (folder / name).read_text().replace(before, after) for name in _SCRIPTS}
