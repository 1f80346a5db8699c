# SPDX-License-Identifier: Apache-2.0
"""Small releases for the tests of the formats."""

from dataclasses import replace

from builder.release.manifest import (
    Archive,
    Artifact,
    File,
    Image,
    ImagePartition,
    Manifest,
    Netboot,
    NetbootBoard,
    NonFree,
    Package,
    Slot,
    StepId,
    Trial,
)

BOARD = NetbootBoard(
    "pi3b",
    "vmlinuz",
    "initrd.img",
    ("bcm2837-rpi-3-b.dtb",),
    "start-5a5a5a5a.elf",
    "fixup-5b5b5b5b.dat",
    1024,
)

MANIFEST = Manifest(
    recipe="minimal",
    version="20260102-abababab",
    base="debian",
    boards=("pi3", "pi4"),
    architecture="arm64",
    epoch=1767323045,
    lock="12" * 32,
    archives=(Archive("debian", "trixie", ("main", "non-free-firmware"), 1767323045, "34" * 32),),
    steps=(StepId("packages", "210 packages", "56" * 32), StepId("finish", "finish", "78" * 32)),
    packages=(
        Package("g++", "4:14.2.0-1+b1", "arm64", "9a" * 32, "gcc-defaults", "devel"),
        Package("raspi-firmware", "1:1.2~rc", "all", "bc" * 32, "", "non-free-firmware/misc"),
    ),
    files=(
        File("", "d", "0755", 0, 0, 1767323045),
        File("usr/bin/ping", "f", "0755", 0, 0, 9, 5, "de" * 32, xattrs=(("security.capability", "01"),)),
        File("usr/bin/ünï\ncode", "l", "0777", 0, 0, 9, target="ping"),
    ),
    non_free=(
        NonFree(
            "raspi-firmware", "non-free-firmware/misc", "/usr/share/doc/raspi-firmware/copyright", "f0" * 32
        ),
    ),
    image=Image(
        1 << 30,
        "88d94b30",
        (
            ImagePartition(
                1, 8 << 20, 1 << 28, "0c", "vfat", "bootfs", "B638-B1AF", "88d94b30-01", "/boot/firmware"
            ),
        ),
    ),
    artifacts=(Artifact("image", "minimal.img.zst", 1000, "11" * 32),),
    wants=("wifi-psk",),
)

NETBOOT = replace(
    MANIFEST,
    recipe="minimal-netboot",
    image=None,
    artifacts=(
        Artifact("boot", "minimal-netboot-20260102-abababab.boot.tar", 2000, "22" * 32),
        Artifact("layer", "minimal-netboot-20260102-abababab.base.squashfs", 3000, "33" * 32),
        Artifact("layer", "minimal-netboot-20260102-abababab.top.squashfs", 400, "44" * 32),
    ),
    netboot=Netboot(
        mode="shared",
        writable="card",
        persist=("var/lib/simulation",),
        prefix="20260102-abababab/",
        boot="minimal-netboot-20260102-abababab.boot.tar",
        layers=(
            "minimal-netboot-20260102-abababab.base.squashfs",
            "minimal-netboot-20260102-abababab.top.squashfs",
        ),
        root="",
        cmdline=("cgroup_enable=memory",),
        boards=(BOARD,),
        needs=0,
    ),
)

assert MANIFEST.image
CARD = replace(
    MANIFEST,
    image=replace(
        MANIFEST.image,
        trial=Trial(
            "minimal-20260102-abababab.boot.tar",
            "20260102-abababab/",
            ("root=PARTUUID=88d94b30-02", "rootwait"),
            (BOARD,),
        ),
        identity=Slot(4 << 20, 256 << 10),
        bootcode=8912928,
    ),
    artifacts=(
        Artifact("boot", "minimal-20260102-abababab.boot.tar", 2000, "22" * 32),
        Artifact("image", "minimal-20260102-abababab.img", 1 << 30, "11" * 32),
        Artifact("compressed", "minimal-20260102-abababab.img.zst", 1000, "55" * 32),
        Artifact("index", "minimal-20260102-abababab.img.index", 300, "66" * 32),
    ),
)
"""An image whose boards can try it before their cards boot by themselves."""
