# SPDX-License-Identifier: Apache-2.0
"""A machine of the emulator as its command line; pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from builder.errors import RecipeError

EMULATOR = "qemu-system-aarch64"
# An address of the Raspberry Pi's maker. A "locally administered" one would make Linux call the emulated
# USB network card usb0, where a real board has eth0.
MAC = "b8:27:eb:00:00:01"
# An emulated board on a busy machine is ten times slower than a real one, and systemd would give up on
# devices and services that are merely on their way.
_PATIENCE = "systemd.default_device_timeout_sec=900 systemd.default_timeout_start_sec=900"
# The emulator translates code for each address at which it lies: where those are chosen at random, that of a
# library once more for each program.
_SAME_ADDRESSES = "norandmaps"
# It also forgets much each time that the kernel's pages are hidden from a program, which no 64-bit processor
# of a Raspberry Pi needs.
_NOTHING_HIDDEN = "kpti=off"

_LEAST_MEMORY = 128
"""MiB. Debian's kernel takes 36 of them, its initramfs 35 as it comes, and more when it is unpacked."""


@dataclass(frozen=True)
class Board:
    """A machine that can be emulated. Memory in MiB.

    `device_tree` is a file of the boot partition, as Debian names it.
    `architecture` is that of the images that run there, `words` choose the machine, `kernel` is the name by
    which its firmware looks for a kernel when nobody names one, `console` is its serial
    port as Linux names it, `serial` what is connected before that port, `slot` how the card is plugged in,
    `devices` what is plugged in besides, `cmdline` what the kernel must be told about the emulation.
    """

    name: str
    architecture: str
    words: tuple[str, ...]
    console: str
    slot: str
    devices: tuple[str, ...]
    serial: tuple[str, ...] = ()
    device_tree: str | None = None
    kernel: str = "kernel8.img"
    cmdline: str = ""
    memory: int = 1024
    memory_is_fixed: bool = False


# The option ROM of a network card would be one more package of the host's, and nobody boots from it.
_VIRT = Board(
    name="virt",
    architecture="arm64",
    words=("-M", "virt", "-cpu", "cortex-a53", "-smp", "2"),
    console="ttyAMA0",
    slot="none",
    devices=(
        *("-device", "virtio-blk-pci,drive=card"),
        *("-device", f"virtio-net-pci,netdev=net,mac={MAC},romfile="),
    ),
)
# Without large physical addresses, Debian's armmp kernel reaches nothing above 4 GiB.
_VIRT32 = replace(
    _VIRT,
    name="virt32",
    architecture="armhf",
    words=("-M", "virt,highmem=off", "-cpu", "cortex-a15", "-smp", "2"),
    kernel="kernel7.img",
)
_USB_NET = ("-device", f"usb-net,netdev=net,mac={MAC}")
# Linux sets this board's one timer 15 microseconds ahead at the least. Where the emulator rests for longer
# between a look at the clock and that, the moment is missed, and the next one comes 71 minutes later. So its
# clock counts instructions, 16 ns each, and rests when it does; a boot takes a third longer.
_COUNTED = ("-icount", "shift=4")
# A Zero and not a Zero W: with that one's device tree the kernel would wait for a Bluetooth chip for ever.
_RASPI0 = Board(
    name="raspi0",
    architecture="armel",
    words=("-M", "raspi0", *_COUNTED),
    console="ttyAMA0,115200",
    slot="sd",
    devices=_USB_NET,
    device_tree="bcm2835-rpi-zero.dtb",
    kernel="kernel.img",
    # It looks at a bridge that is not emulated, and reading there ends the kernel.
    cmdline="initcall_blacklist=bcm2835_power_driver_init",
    memory=512,
    memory_is_fixed=True,
)
_RASPI2B = Board(
    name="raspi2b",
    architecture="armhf",
    words=("-M", "raspi2b"),
    console="ttyAMA0,115200",
    slot="sd",
    devices=_USB_NET,
    device_tree="bcm2836-rpi-2-b.dtb",
    kernel="kernel7.img",
    memory_is_fixed=True,
)
# Its second serial port is the one on the pins of the header, as on the real board.
_RASPI3B = Board(
    name="raspi3b",
    architecture="arm64",
    words=("-M", "raspi3b"),
    console="ttyS1,115200",
    slot="sd",
    devices=_USB_NET,
    serial=("-serial", "null"),
    device_tree="bcm2837-rpi-3-b.dtb",
    memory_is_fixed=True,
)
BOARDS = {board.name: board for board in (_VIRT, _VIRT32, _RASPI0, _RASPI2B, _RASPI3B)}


def board_for(architecture: str, wanted: str | None) -> Board:
    """The wanted machine, or the first that runs images of an architecture. Raises RecipeError."""
    able = [board for board in BOARDS.values() if board.architecture == architecture]
    if not able:
        raise RecipeError(f"an image for {architecture} cannot be emulated")
    if wanted is None:
        return able[0]
    board = BOARDS[wanted]
    if board not in able:
        names = " or ".join(board.name for board in able)
        raise RecipeError(
            f"`{wanted}` runs images for {board.architecture}, and this one is for {architecture}",
            hint=f"--board {names}",
        )
    return board


@dataclass(frozen=True)
class Machine:
    """A board with all that it boots: files, disk, the port on loopback that leads to ssh.

    `console` is where its serial port goes: a file, or the terminal (with the emulator's monitor
    on ctrl-a c) when it is None. `aio` is how the emulator gets at the card.
    """

    board: Board
    kernel: Path
    initrd: Path
    device_tree: Path | None
    cmdline: str
    card: Path
    ssh_port: int
    memory: int
    console: Path | None = None
    aio: str = "threads"

    def argv(self) -> tuple[str, ...]:
        """The emulator's command line."""
        console = f"file:{escaped(self.console)}" if self.console else "mon:stdio"
        monitor = ("-monitor", "none") if self.console else ()
        board = self.board
        words = (self.cmdline, emulated(board.architecture), board.cmdline, f"console={board.console}")
        drive = f"id=card,format=qcow2,aio={self.aio}"
        tree = ("-dtb", str(self.device_tree)) if self.device_tree else ()
        return (
            EMULATOR,
            *self.board.words,
            *("-m", str(self.memory)),
            *("-kernel", str(self.kernel)),
            *("-initrd", str(self.initrd)),
            *tree,
            *("-append", " ".join(word for word in words if word)),
            *("-drive", f"file={escaped(self.card)},if={self.board.slot},{drive}"),
            *("-netdev", f"user,id=net,hostfwd=tcp:127.0.0.1:{self.ssh_port}-:22"),
            *self.board.devices,
            *("-display", "none"),
            *monitor,
            *self.board.serial,
            *("-serial", console),
        )


def emulated(architecture: str) -> str:
    """What the kernel of an emulated board is told besides: to be patient, and to spare the emulator work."""
    words = f"{_PATIENCE} {_SAME_ADDRESSES}"
    return f"{words} {_NOTHING_HIDDEN}" if architecture == "arm64" else words


def memory_of(board: Board, wanted: int | None) -> int:
    """The machine's memory in MiB. Raises RecipeError for one that it cannot have."""
    if wanted is None or wanted == board.memory:
        return board.memory
    if board.memory_is_fixed:
        raise RecipeError(
            f"`{board.name}` has {board.memory} MiB of memory, not `{wanted}`", hint="leave --memory away"
        )
    if wanted < _LEAST_MEMORY:
        raise RecipeError(
            f"`--memory {wanted}`: kernel and initramfs do not fit into less than {_LEAST_MEMORY} MiB",
            hint=f"`{board.name}` has {board.memory} without it",
        )
    return wanted


def card_size(image: int) -> int:
    """The card for an image, both in bytes: the next larger power of two.

    The Pi's emulated card slot takes powers of two only; larger, so that there is room to grow into.
    """
    return 1 << image.bit_length()


def escaped(path: Path | None) -> str:
    """A path inside one of the emulator's lists of options, where a comma ends a value."""
    return str(path).replace(",", ",,")
