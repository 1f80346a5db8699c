# SPDX-License-Identifier: Apache-2.0
"""The Raspberry Pi archive, as far as a node needs it: its packages' names, layout and hooks.

What must work in them is Debian's: `v8` and `2712` are its arm64 kernel, `v7` its armhf one, `v6` the
last one that it had for ARMv6; the firmware is that of its raspi-firmware. Modules are cut down to what
boots from a card. Scripts and units are written here, to do what those of the real packages do.
"""

from __future__ import annotations

import shutil
import struct
from collections.abc import Iterable
from pathlib import Path

from tests.archives import of_debian
from tests.archives.deb import build, extract
from tests.archives.repository import Repository
from tests.archives.signer import Signer

VERSION = "1:1.20250915-1"
FLAVOURS = {
    "v6": ("armhf", of_debian.BOOKWORM, "armel", "linux-image-rpi"),
    "v7": ("armhf", of_debian.TRIXIE, "armhf", "linux-image-armmp"),
    "v8": ("arm64", of_debian.TRIXIE, "arm64", "linux-image-arm64"),
    "2712": ("arm64", of_debian.TRIXIE, "arm64", "linux-image-arm64"),
}
"""Flavour → architecture of its package, and which kernel of Debian's stands in for it."""

# What a card, QEMU's disks and a network want; all else is left out, for the test's time.
_MODULES = (
    *(f"kernel/{name}" for name in ("crypto", "fs", "lib")),
    *(f"kernel/net/{name}" for name in ("core", "ipv4", "ipv6", "packet", "unix")),
    *(f"kernel/drivers/net/{name}" for name in ("net_failover.ko", "phy", "usb", "virtio_net.ko")),
    *(
        f"kernel/drivers/{name}"
        for name in (
            *("block", "clk", "dma", "firmware", "gpio", "mailbox", "mmc", "nvmem", "pinctrl", "pmdomain"),
            *("regulator", "reset", "scsi", "soc", "usb", "virtio", "watchdog"),
        )
    ),
)
# What the Raspberry Pi kernel calls a chip, and Debian's.
_CHIPS = {"bcm2708": "bcm2835", "bcm2709": "bcm2836", "bcm2710": "bcm2837"}
_ARCHITECTURES = ("armhf", "arm64")

_KERNEL_HOOK = """\
#!/bin/sh
set -e
exec </dev/null >&2
version=$1
image=$2
eval set -- "$DEB_MAINT_PARAMS"
[ "$1" = configure ] || exit 0
case ${version#*-rpi-} in
    v6) name=kernel.img dtbs=/usr/lib/linux-image-$version ;;
    v7) name=kernel7.img dtbs=/usr/lib/linux-image-$version ;;
    v8) name=kernel8.img dtbs=/usr/lib/linux-image-$version/broadcom ;;
    2712) name=kernel_2712.img dtbs=/usr/lib/linux-image-$version/broadcom ;;
    *)
        echo "unsupported kernel version ($version)"
        exit 0
        ;;
esac
ischroot || mountpoint -q /boot/firmware
mkdir -p /boot/firmware/overlays
rsync -crt "$dtbs"/bcm27*.dtb /boot/firmware/
rsync -crt /usr/lib/linux-image-$version/overlays/* /boot/firmware/overlays
cp "$image" "/boot/firmware/$name"
sync -f /boot/firmware
"""
_INITRAMFS_HOOK = """\
#!/bin/sh
set -e
exec </dev/null >&2
version=$1
image=$2
eval set -- "$DEB_MAINT_PARAMS"
case ${1:-configure} in configure) ;; *) exit 0 ;; esac
case ${version#*-rpi-} in
    v6) name=initramfs ;;
    v7) name=initramfs7 ;;
    v8) name=initramfs8 ;;
    2712) name=initramfs_2712 ;;
    *) exit 0 ;;
esac
ischroot || mountpoint -q /boot/firmware
mkdir -p /boot/firmware
cp "$image" "/boot/firmware/$name"
sync -f /boot/firmware
"""
_FIRMWARE_POSTINST = """\
#!/bin/sh
set -e
[ "$1" = configure ] || exit 0
case $(dpkg --print-architecture) in arm64 | armhf | armel) ;; *) exit 0 ;; esac
mkdir -p /boot/firmware
cp /usr/lib/raspi-firmware/* /boot/firmware/
DEB_MAINT_PARAMS=configure /etc/kernel/postinst.d/z50-raspi-firmware
"""
_KERNEL_POSTINST = """\
#!/bin/sh
set -e
[ "$1" = configure ] || exit 0
depmod @version@
DEB_MAINT_PARAMS="$*" run-parts --report --exit-on-error --arg=@version@ --arg=/boot/vmlinuz-@version@ \\
    /etc/kernel/postinst.d
"""
_UNITS = {
    "regenerate_ssh_host_keys": "/usr/lib/raspberrypi-sys-mods/regenerate_ssh_host_keys",
    "rpi-resize": "/usr/bin/true",
    "sshswitch": "/usr/lib/raspberrypi-sys-mods/sshswitch",
}
_UNIT = """\
[Unit]
Description=what the distribution does at the first boot

[Service]
Type=oneshot
ExecStart={program}

[Install]
WantedBy=multi-user.target
"""
_ENABLE = """\
#!/bin/sh
set -e
for unit in {units}; do
    deb-systemd-helper enable "$unit.service"
done
"""


def write(root: Path, work: Path, signer: Signer, flavours: Iterable[str] = tuple(FLAVOURS)) -> Repository:
    """The archive in `root` with kernels of `flavours`, its packages made in `work`."""
    debs = [_firmware(work), _keyring(work, signer), _eeprom(work)]
    debs += [_sys_mods(work, architecture) for architecture in _ARCHITECTURES]
    for flavour in flavours:
        debs += _kernel(work, flavour, signer)
    repository = Repository(root, signer, _ARCHITECTURES)
    repository.publish("trixie", {"main": debs})
    return repository


def release(flavour: str, version: str) -> str:
    """What `uname -r` would say of this kernel, if it were the real one."""
    return f"{version.partition('-')[0]}+rpt-rpi-{flavour}"


def _firmware(work: Path) -> Path:
    found = of_debian.packages(of_debian.TRIXIE, "arm64", ["raspi-firmware"])["raspi-firmware"]
    theirs, folder = work / "debian-firmware", work / "raspi-firmware"
    extract(of_debian.files([found])[0], theirs)
    target = folder / "usr/lib/raspi-firmware"
    target.mkdir(parents=True)
    for path in sorted((theirs / "usr/lib/raspi-firmware").iterdir()):
        if path.name == "bootcode.bin" or path.suffix in (".elf", ".dat"):
            shutil.copyfile(path, target / path.name)
    shutil.copytree(theirs / "usr/share/doc/raspi-firmware", folder / "usr/share/doc/raspi-firmware")
    _script(folder / "etc/kernel/postinst.d/z50-raspi-firmware", _KERNEL_HOOK)
    _script(folder / "etc/initramfs/post-update.d/z50-raspi-firmware", _INITRAMFS_HOOK)
    fields = {
        "Package": "raspi-firmware",
        "Version": VERSION,
        "Architecture": "all",
        "Multi-Arch": "foreign",
        "Section": "non-free-firmware/misc",
        "Depends": "dosfstools, rsync",
    }
    return build(folder, fields, work, postinst=_FIRMWARE_POSTINST)


def _keyring(work: Path, signer: Signer) -> Path:
    folder = work / "raspberrypi-archive-keyring"
    path = folder / "usr/share/keyrings/raspberrypi-archive-keyring.pgp"
    path.parent.mkdir(parents=True)
    shutil.copyfile(signer.keyring, path)
    fields = {"Package": folder.name, "Version": "2025.1+rpt1", "Architecture": "all", "Section": "misc"}
    return build(folder, fields, work)


def _eeprom(work: Path) -> Path:
    folder = work / "rpi-eeprom"
    _unit(folder, "rpi-eeprom-update", "/usr/bin/rpi-eeprom-update -s -a")
    _script(folder / "usr/bin/rpi-eeprom-update", "#!/bin/sh\nexit 0\n")
    fields = {"Package": folder.name, "Version": "28.8-1", "Architecture": "all", "Section": "misc"}
    return build(folder, fields, work, postinst=_ENABLE.format(units="rpi-eeprom-update"))


def _sys_mods(work: Path, architecture: str) -> Path:
    folder = work / f"raspberrypi-sys-mods-{architecture}"
    for name, program in _UNITS.items():
        _unit(folder, name, program)
        if "raspberrypi" in program:
            _script(folder / program.lstrip("/"), "#!/bin/sh\nexit 0\n")
    rules = folder / "etc/udev/rules.d/99-com.rules"
    rules.parent.mkdir(parents=True)
    rules.write_text('SUBSYSTEM=="gpio", GROUP="gpio", MODE="0660"\n')
    fields = {
        "Package": "raspberrypi-sys-mods",
        "Version": "1:20250915",
        "Architecture": architecture,
        "Section": "admin",
        "Depends": "systemd (>= 230), init-system-helpers, fdisk",
        "Recommends": "userconf-pi",
    }
    return build(folder, fields, work, postinst=_ENABLE.format(units=" ".join(_UNITS)))


def _kernel(work: Path, flavour: str, signer: Signer) -> list[Path]:
    """The package that brings in the newest kernel of a flavour, and that kernel."""
    architecture, suites, of, name = FLAVOURS[flavour]
    if of == "armhf":
        found = of_debian.packages_as_they_are(suites, of, [name], work / "indexes", signer)
    else:
        found = of_debian.packages(suites, of, [name])
    image = next(p for p in found.values() if p.name.startswith("linux-image-") and p.name != name)
    theirs = work / f"debian-kernel-{image.architecture}"
    if not theirs.exists():
        extract(of_debian.files([image])[0], theirs)
    before, after = image.name.removeprefix("linux-image-"), release(flavour, image.version)
    folder = work / f"linux-image-{after}"
    _lay_out_kernel(theirs, before, folder, after)
    fields = {"Version": f"1:{image.version}+rpt1", "Architecture": architecture, "Section": "kernel"}
    postinst = _KERNEL_POSTINST.replace("@version@", after)
    newest = {**fields, "Package": f"linux-image-rpi-{flavour}", "Depends": f"linux-image-{after}"}
    own = {
        **fields,
        "Package": f"linux-image-{after}",
        "Depends": "kmod, linux-base, initramfs-tools | linux-initramfs-tool",
    }
    return [build(folder, own, work, postinst=postinst), build(work / f"newest-{flavour}", newest, work)]


def _lay_out_kernel(theirs: Path, before: str, folder: Path, after: str) -> None:
    """Debian's kernel `before` as the Raspberry Pi kernel `after`."""
    image = folder / f"boot/vmlinuz-{after}"
    image.parent.mkdir(parents=True)
    image.write_bytes(renamed((theirs / f"boot/vmlinuz-{before}").read_bytes(), before, after))
    modules = next(path for path in (theirs / "usr/lib/modules", theirs / "lib/modules") if path.is_dir())
    for name in _MODULES:
        source = next((modules / before).glob(f"{name}*"), None)
        if source is not None:
            target = folder / "usr/lib/modules" / after / source.relative_to(modules / before)
            target.parent.mkdir(parents=True, exist_ok=True)
            copy = shutil.copytree if source.is_dir() else shutil.copyfile
            copy(source, target)
    for path in sorted((modules / before).glob("modules.*")):
        if path.name in ("modules.order", "modules.builtin", "modules.builtin.modinfo"):
            shutil.copyfile(path, folder / "usr/lib/modules" / after / path.name)
    trees = folder / f"usr/lib/linux-image-{after}"
    dtbs = trees / "broadcom" if after.endswith(("v8", "2712")) else trees
    dtbs.mkdir(parents=True)
    for path in sorted((theirs / f"usr/lib/linux-image-{before}").rglob("bcm2*.dtb")):
        chip = path.name[:7]
        called = next((pi for pi, debian in _CHIPS.items() if debian == chip), chip)
        shutil.copyfile(path, dtbs / f"{called}{path.name[7:]}")
    (trees / "overlays").mkdir()
    (trees / "overlays/README").write_text("overlays\n")
    (trees / "overlays/disable-bt.dtbo").write_bytes(_empty_tree())


def renamed(image: bytes, before: str, after: str) -> bytes:
    """An uncompressed kernel that calls itself `after`, so that it looks for its modules there.

    The name stands in a field of 65 bytes. A compressed kernel is left as it is: none of those is booted.
    """
    field = before.encode().ljust(65, b"\0")
    return image.replace(field, after.encode().ljust(65, b"\0"))


def _empty_tree() -> bytes:
    """The smallest flattened device tree: a root without anything."""
    structure = struct.pack(">IIII", 1, 0, 2, 9)
    offset = 40 + 16
    header = (0xD00DFEED, offset + len(structure), offset, offset + len(structure), 40, 17, 16, 0, 0)
    return struct.pack(">10I", *header, len(structure)) + bytes(16) + structure


def _unit(folder: Path, name: str, program: str) -> None:
    path = folder / f"usr/lib/systemd/system/{name}.service"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_UNIT.format(program=program))


def _script(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
