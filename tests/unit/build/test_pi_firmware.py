# SPDX-License-Identifier: Apache-2.0
"""The boot files of Raspberry Pi OS and Raspbian, which are the image maker's."""

from __future__ import annotations

from pathlib import Path

from builder.build.step.config_txt import config_txt
from builder.build.step.pi_firmware import settle


def test_lines_stand_under_their_filters() -> None:
    rows = [["", "auto_initramfs=1"], ["", "arm_64bit=1"], ["pi4", "arm_boost=1"], ["", "gpu_mem=16"]]
    assert config_txt(rows) == (
        "[all]\nauto_initramfs=1\narm_64bit=1\n[pi4]\narm_boost=1\n[all]\ngpu_mem=16\n[all]\n"
    )
    assert config_txt([]) == "[all]\n"


def test_what_is_written(tmp_path: Path) -> None:
    inputs = {
        "config": [["", "auto_initramfs=1"]],
        "cmdline": ["cgroup_enable=memory"],
        "consoles": ["serial0,115200", "tty0"],
        "root": "PARTUUID=01234567-02",
    }
    settle(inputs, tmp_path)
    folder = tmp_path / "boot/firmware"
    assert (folder / "config.txt").read_text() == "[all]\nauto_initramfs=1\n[all]\n"
    assert (folder / "cmdline.txt").read_text() == (
        "console=serial0,115200 console=tty0 root=PARTUUID=01234567-02 rootfstype=ext4 fsck.repair=yes "
        "rootwait cgroup_enable=memory\n"
    )
