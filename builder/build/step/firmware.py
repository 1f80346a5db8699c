# SPDX-License-Identifier: Apache-2.0
"""What the boot directory is made of: settings, initramfs, kernel, device trees, firmware.

Settings go where the distribution's own kernel hook reads them, and then the hook itself is run: what
a kernel upgrade on a node will do later is what happened here.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from builder.build.bench import Bench
from builder.build.step import files, pi_firmware
from builder.build.step.config_txt import config_txt
from builder.errors import StepError

_HOOK = "/etc/kernel/postinst.d/z50-raspi-firmware"


def run(inputs: Mapping[str, Any], bench: Bench) -> None:
    """Write the settings, make the initramfs, and let the kernel hook fill /boot/firmware."""
    bench.furnish()
    settle, fill = _MECHANISMS[inputs["mechanism"]]
    _write(bench.tree / "etc/initramfs-tools/conf.d/nodebake", _lines(inputs["initramfs"]))
    settle(inputs, bench.tree)
    files.run(inputs, bench)
    (bench.tree / "etc/fstab").write_text(_lines("\t".join(row) for row in inputs["fstab"]))
    kernels = sorted(path.name for path in (bench.tree / "usr/lib/modules").iterdir())
    for kernel in kernels:
        # Its files get the kernel's date: with the build's, every release would bring another initramfs.
        date = min(int((bench.tree / f"boot/vmlinuz-{kernel}").stat().st_mtime), bench.epoch)
        bench.in_tree(["update-initramfs", "-c", "-k", kernel], env={"SOURCE_DATE_EPOCH": str(date)})
    (bench.tree / "boot/firmware").mkdir(exist_ok=True)
    fill(bench, kernels)
    _require(inputs["boot_files"], bench.tree / "boot/firmware")


def _settle(inputs: Mapping[str, Any], tree: Path) -> None:
    """The three files that Debian's hook reads."""
    default = tree / "etc/default"
    # The hook would add cma=64M, which a Pi 4 may not boot with; the kernel's own default is as large.
    settings = {"ROOTPART": inputs["root"], "CONSOLES": " ".join(inputs["consoles"]), "CMA": "0"}
    lines = [f"{name}={shlex.quote(value)}\n" for name, value in settings.items()]
    path = default / "raspi-firmware"
    path.write_text(path.read_text() + "\n# Set by nodebake\n" + "".join(lines))
    _write(default / "raspi-extra-cmdline", " ".join(inputs["cmdline"]) + "\n")
    _write(default / "raspi-firmware-custom", config_txt(inputs["config"]))


def _fill(bench: Bench, kernels: Sequence[str]) -> None:
    """Have Debian's hook copy the newest of the kernels, and all else."""
    bench.in_tree(["/bin/sh", _HOOK], env={"DEB_MAINT_PARAMS": "configure"})


def _lines(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _require(globs: Sequence[str], folder: Path) -> None:
    """The hook can leave the directory empty without an error, so look."""
    absent = [pattern for pattern in globs if not any(folder.glob(pattern))]
    if absent:
        found = sorted(path.name for path in folder.iterdir())
        raise StepError(
            "the boot directory is not complete",
            facts=[*(f"missing: {pattern}" for pattern in absent), f"found: {', '.join(found) or 'nothing'}"],
        )


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


_MECHANISMS = {
    "raspi-firmware": (_settle, _fill),
    "raspberrypi": (pi_firmware.settle, pi_firmware.fill),
}
"""By the word of a base's `firmware`: what writes its settings, and what then fills the boot directory."""
