# SPDX-License-Identifier: Apache-2.0
"""The image for a Zero W: minimal on Debian 12's armel, looked at by tools that did not make it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from builder.build.step.armv6 import check
from builder.errors import StepError
from builder.tree.arm import is_firmware, needs
from tests.build.conftest import Apart, say, taken_apart
from tests.fixtures import Site
from tests.needs import PATH, needs_tool
from tests.unit.tree.elf import arm_elf

pytestmark = [pytest.mark.build, needs_tool("sfdisk", "debugfs", "e2fsck", "mtype", "mdir", "readelf")]

RECIPE = """\
format: 1
summary: the least for a Zero W
include: [minimal]
base: debian-armel
boards: [pizerow]
outputs:
  image: {free: 64M, boot_size: 256M}
"""
EMULATORS = ("qemu-arm-static", "qemu-arm")
# These look at the processor before they use what it may not have.
AT_RUN_TIME = {"libatomic.so.1.2.0", "libnettle.so.8.6", "sha256-arm.ko", "sha512-arm.ko"}


@pytest.fixture(scope="module")
def zero(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Apart]:
    (site.root / "recipes/zero.yaml").write_text(RECIPE)
    with taken_apart(site.built("zero"), tmp_path_factory.mktemp("zero")) as apart:
        yield apart


def programs(root: Path) -> list[Path]:
    """Every ELF file of the image but the GPU's own."""
    files = (path for path in sorted(root.rglob("*")) if path.is_file() and not path.is_symlink())
    return [path for path in files if _is_program(path)]


def _is_program(path: Path) -> bool:
    with path.open("rb") as stream:
        start = stream.read(64)
    return start.startswith(b"\x7fELF") and not is_firmware(start)


def _told(files: list[Path]) -> dict[str, dict[str, str]]:
    """What readelf tells of each file's build attributes, by path."""
    told: dict[str, dict[str, str]] = {}
    for n in range(0, len(files), 500):
        for part in say(["readelf", "-A", *files[n : n + 500]]).split("\nFile: ")[1:]:
            name, _, rest = part.partition("\n")
            told[name] = dict(re.findall(r"^  Tag_(\w+): (.*)$", rest, re.MULTILINE))
    return told


def _beyond(tags: dict[str, str]) -> bool:
    return (
        not re.fullmatch(r"v[456](T|TE|TEJ|K|KZ)?", tags["CPU_arch"])
        or tags.get("THUMB_ISA_use") == "Thumb-2"
        or tags.get("FP_arch", "VFPv2") not in ("VFPv1", "VFPv2")
        or "Advanced_SIMD_arch" in tags
    )


def test_every_program_and_module_runs_on_armv6(zero: Apart) -> None:
    files = programs(zero.root)
    told = _told(files)
    assert sum(path.suffix == ".ko" for path in files) > 2000
    assert len(files) > 3000
    assert [str(path) for path in files if "CPU_arch" not in told[str(path)]] == []
    assert {Path(name).name for name, tags in told.items() if _beyond(tags)} == AT_RUN_TIME


def test_its_programs_run_on_an_emulated_arm1176(zero: Apart) -> None:
    found = next((path for name in EMULATORS if (path := shutil.which(name, path=PATH))), None)
    assert found, "tools/setup installs qemu-user"
    for program, words in (("usr/bin/dpkg", "(armel)"), ("usr/bin/systemctl", "systemd 252")):
        argv = (found, "-cpu", "arm1176", "-L", zero.root, zero.root / program, "--version")
        assert words in say(argv)


def test_our_own_reader_agrees_with_readelf(zero: Apart) -> None:
    files = programs(zero.root)
    told = _told(files)
    ours = {str(path): needs(path.read_bytes()) for path in files}
    differing = [
        name for name, found in ours.items() if bool(found and found.beyond_v6()) != _beyond(told[name])
    ]
    assert differing == []


def test_a_later_program_would_have_been_refused(zero: Apart) -> None:
    late = zero.root / "usr/bin/late"
    late.write_bytes(arm_elf(b"\x06\x0a"))
    try:
        with pytest.raises(StepError, match="1 programs do not run"):
            check(zero.root, ["*-rpi"])
    finally:
        late.unlink()


def test_the_file_system_is_clean(zero: Apart) -> None:
    # It was laid out by another mke2fs than Debian 13's.
    say(["e2fsck", "-fn", zero.filesystem])


def test_the_boot_directory_is_that_of_a_zero_w(zero: Apart) -> None:
    at = f"{zero.image}@@{zero.boot_offset}"
    listed = say(["mdir", "-b", "-i", at, "::/"], MTOOLS_SKIP_CHECK="1")
    names = {line.removeprefix("::/") for line in listed.splitlines()}
    assert {"bootcode.bin", "start.elf", "fixup.dat", "bcm2835-rpi-zero-w.dtb"} <= names
    config = say(["mtype", "-i", at, "::/config.txt"], MTOOLS_SKIP_CHECK="1")
    kernel = re.search(r"^kernel=(\S+)", config, re.MULTILINE)
    assert kernel and kernel[1] in names
    assert "arm_64bit" not in config
    assert (zero.root / "usr/lib/modules" / kernel[1].removeprefix("vmlinuz-") / "modules.dep").is_file()
    words = say(["mtype", "-i", at, "::/cmdline.txt"], MTOOLS_SKIP_CHECK="1").split()
    assert words[:2] == ["console=ttyS1,115200", "console=tty0"]


def test_it_joins_the_wireless_network(zero: Apart) -> None:
    assert list((zero.root / "usr/lib/firmware/brcm").glob("brcmfmac43430-sdio.bin"))
    units = zero.root / "etc/systemd/system"
    starts = units / "sys-subsystem-net-devices-wlan0.device.wants/wpa_supplicant@wlan0.service"
    assert (zero.root / starts.readlink().relative_to("/")).is_file()
    # A board without a wireless card does not wait for one.
    assert not (units / "multi-user.target.wants/wpa_supplicant@wlan0.service").is_symlink()


def test_usr_is_merged(zero: Apart) -> None:
    assert [(zero.root / name).readlink() for name in ("bin", "lib", "sbin")] == [
        Path("usr/bin"),
        Path("usr/lib"),
        Path("usr/sbin"),
    ]
