# SPDX-License-Identifier: Apache-2.0
"""Raspberry Pi OS and Raspbian for all boards, from archives made and signed here: built, compared, booted.

What these archives hold, and what that proves, is told in docs/reference/bases-and-boards.md.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from builder.boot.built import built
from builder.release.manifest import parse
from tests.archives.pi_project import TOOLS, PiProject, make
from tests.archives.signer import signer
from tests.boot.guest import Shell, booted
from tests.boot.timing import BOOTS
from tests.long.differences import allowed, differences, judge
from tests.long.oracle import trees
from tests.needs import needs_tool

pytestmark = [
    pytest.mark.build,
    pytest.mark.archive,
    needs_tool(*TOOLS, "mmdebstrap", "qemu-system-aarch64", "qemu-img", "ssh"),
]

BOARDS = {
    "raspbian": ("pi2b", "pi3b", "pi3bplus", "pi4", "pi5"),
    "raspios": ("pi3b", "pi3bplus", "pi4", "pi5"),
}
KERNELS = {
    "raspbian": {"linux-image-rpi-v7": "armhf", "linux-image-rpi-v8": "arm64"},
    "raspios": {"linux-image-rpi-v8": "arm64", "linux-image-rpi-2712": "arm64"},
}
BOOT = {
    "raspbian": ("kernel7.img", "initramfs7", "kernel8.img", "initramfs8"),
    "raspios": ("kernel8.img", "initramfs8", "kernel_2712.img", "initramfs_2712"),
}
ARCHITECTURES = {"raspbian": "armhf", "raspios": "arm64"}
RECIPE = """\
format: 1
summary: the least on a base of the maker's
include: [minimal]
base: {base}
boards: [{boards}]
layers: [packages: [rpi-eeprom]]
"""
PROMPT = re.compile(r"^\S+ login: ", re.MULTILINE)
# Three times what was measured on two busy cores.
SECONDS = {"virt": 600, "raspi3b": 900}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PiProject]:
    root = tmp_path_factory.mktemp("pi")
    with signer() as keys:
        project = make(root / "project", keys, "minimal", (*BOARDS["raspbian"], "pizerow"))
        for base, boards in BOARDS.items():
            text = RECIPE.format(base=base, boards=", ".join(boards))
            (project.root / f"recipes/minimal-{base}.yaml").write_text(text)
        yield project
    shutil.rmtree(root)


@pytest.mark.parametrize("base", BOARDS)
def test_each_board_has_its_kernel(project: PiProject, base: str) -> None:
    answer = project.built(f"minimal-{base}")
    manifest = parse(Path(answer["manifest"]).read_text(encoding="utf-8"))
    packages = {package.name: package.architecture for package in manifest.packages}
    found = {name: packages[name] for name in packages if name.startswith("linux-image-rpi-")}
    assert found == KERNELS[base]
    files = {file.path: file for file in manifest.files}
    assert {f"boot/firmware/{name}" for name in BOOT[base]} <= files.keys()
    trees = {f"boot/firmware/bcm27{chip}.dtb" for chip in ("10-rpi-3-b", "10-rpi-3-b-plus", "11-rpi-4-b")}
    assert trees | {"boot/firmware/bcm2712-rpi-5-b.dtb", "boot/firmware/overlays/README"} <= files.keys()
    # Asked for by the recipe; what it would do by itself at boot is not.
    assert files["etc/systemd/system/rpi-eeprom-update.service"].target == "/dev/null"


def test_packages_of_debians_armhf_are_not_for_a_zero_w(project: PiProject) -> None:
    text = RECIPE.format(base="raspbian", boards="pizerow")
    (project.root / "recipes/minimal-zero.yaml").write_text(text)
    done = project.call("build", "minimal-zero")
    assert done.returncode == 1
    assert re.search(
        r"^error: \d+ programs do not run on the recipe's ARMv6 boards$", done.stderr, re.MULTILINE
    )
    assert "  usr/bin/apt: architecture v7, Thumb-2" in done.stderr


@pytest.mark.parametrize("base", BOARDS)
def test_both_engines_make_the_same_tree(project: PiProject, base: str) -> None:
    native, emulated = trees(project.root, f"minimal-{base}", (), "native", "mmdebstrap", whole=True)
    assert len(native.entries) > 10_000
    assert judge(differences(native, emulated), allowed(base)) == []
    said = f"dpkg of {ARCHITECTURES[base]} has looked\n"
    assert [native.said, emulated.said] == [said, said]


@pytest.mark.boot
@pytest.mark.parametrize(("base", "kernel"), [("raspios", "aarch64"), ("raspbian", "aarch64")])
def test_it_answers_ssh_with_the_64_bit_kernel(
    project: PiProject, tmp_path: Path, base: str, kernel: str
) -> None:
    project.built(f"minimal-{base}")
    with booted(
        built(project.root / f"out/minimal-{base}/latest", f"minimal-{base}"), "virt", tmp_path
    ) as guest:
        shell = Shell(guest, "admin", project.root / "keys/operator")
        BOOTS[f"minimal on {base} on virt answers ssh"] = guest.until(
            shell.answers, "ssh", seconds=SECONDS["virt"]
        )
        assert shell.tell("dpkg --print-architecture; uname -m").split() == [ARCHITECTURES[base], kernel]
        assert shell.tell("uname -r").endswith("+rpt-rpi-v8")
        assert shell.tell("systemctl is-system-running --wait || systemctl --failed") == "running"


@pytest.mark.boot
def test_raspios_boots_from_its_card_on_a_pi_3(project: PiProject, tmp_path: Path) -> None:
    project.built("minimal-raspios")
    with booted(
        built(project.root / "out/minimal-raspios/latest", "minimal-raspios"), "raspi3b", tmp_path
    ) as guest:
        done = guest.until(lambda: bool(PROMPT.search(guest.serial())), "login", seconds=SECONDS["raspi3b"])
        BOOTS["minimal on raspios on raspi3b asks for a login"] = done
        assert "mmcblk" in guest.serial()
