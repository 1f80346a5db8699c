# SPDX-License-Identifier: Apache-2.0
"""What the firmware would load."""

from __future__ import annotations

import pytest

from builder.boot.config_txt import Loaded, loaded
from builder.errors import NodebakeError

# As Debian's raspi-firmware writes it, with lines of a recipe behind.
CONFIG = """\
# Do not modify this file!
arm_64bit=1
enable_uart=1
kernel=vmlinuz-6.12.1-arm64
# For details on the initramfs directive, see …
initramfs initrd.img-6.12.1-arm64
[pi4]
kernel=other
[all]
gpu_mem=16
"""


def test_as_debian_writes_it() -> None:
    assert loaded(CONFIG, "kernel8.img") == Loaded("vmlinuz-6.12.1-arm64", "initrd.img-6.12.1-arm64")


def test_the_last_one_for_all_boards_wins() -> None:
    more = "kernel = vmlinuz-b  # newer\ninitramfs initrd-b followkernel\n"
    assert loaded(CONFIG + more, "kernel8.img") == Loaded("vmlinuz-b", "initrd-b")


@pytest.mark.parametrize(
    ("kernel", "initrd"),
    [("kernel8.img", "initramfs8"), ("kernel7.img", "initramfs7"), ("kernel.img", "initramfs")],
)
def test_as_raspberry_pi_os_leaves_it_to_the_firmware(kernel: str, initrd: str) -> None:
    assert loaded("[all]\nauto_initramfs=1\narm_64bit=1\n[all]\n", kernel) == Loaded(kernel, initrd)


def test_one_that_names_nothing() -> None:
    with pytest.raises(NodebakeError) as raised:
        loaded("[pi3]\nkernel=k\n\n[all]\ninitramfs\n", "kernel8.img")
    assert raised.value.render() == (
        "error: the image's config.txt does not name what to boot\n"
        "  there is no `kernel` for all boards\n"
        "  there is no `initramfs` for all boards"
    )
