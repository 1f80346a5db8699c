# SPDX-License-Identifier: Apache-2.0
"""The emulated node's command line, word for word."""

from __future__ import annotations

from pathlib import Path

from builder.boot.netboot.machine import Machine, uboot


def test_with_the_terminal() -> None:
    words = " ".join(Machine(uboot(Path("/s/a,b.flash")), "port7", "b8:27:eb:00:00:07").argv())
    assert words == (
        "qemu-system-aarch64 -M virt -cpu cortex-a53 -smp 2 -m 1024"
        " -bios /usr/lib/u-boot/qemu_arm64/u-boot.bin"
        " -drive if=pflash,index=1,format=raw,file=/s/a,,b.flash"
        " -netdev tap,id=net,ifname=port7,script=no,downscript=no"
        " -device virtio-net-pci,netdev=net,mac=b8:27:eb:00:00:07,romfile="
        " -display none -serial mon:stdio"
    )


def test_with_a_card() -> None:
    machine = Machine(uboot(Path("/s/f")), "port7", "b8:27:eb:00:00:07", card=Path("/s/a,b.img"))
    assert (
        " -device sdhci-pci -drive if=none,id=card,format=raw,aio=threads,file=/s/a,,b.img"
        " -device sd-card,drive=card -display none"
    ) in " ".join(machine.argv())


def test_with_a_log() -> None:
    machine = Machine(uboot(Path("/s/f")), "port7", "b8:27:eb:00:00:07", Path("/s/serial.log"))
    assert machine.argv()[-5:] == ("none", "-monitor", "none", "-serial", "file:/s/serial.log")
