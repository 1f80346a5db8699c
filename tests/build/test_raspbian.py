# SPDX-License-Identifier: Apache-2.0
"""Raspbian for a Pi 3, from archives made and signed here: an armhf tree with a kernel of arm64.

What these archives hold, and what that proves, is told in docs/reference/bases-and-boards.md.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from builder.release.manifest import Manifest, parse
from tests.archives.pi_project import PUBLIC_PI, PUBLIC_RASPBIAN, TOOLS, PiProject, make
from tests.archives.signer import signer
from tests.build import dates
from tests.build.conftest import Apart, say, taken_apart
from tests.needs import needs_tool

pytestmark = [pytest.mark.build, pytest.mark.archive, needs_tool(*TOOLS, "debugfs", "mtype")]

WORDS = ("--set", "base=raspbian", "--set", "boards=pi3b")
V8 = "6.*+rpt-rpi-v8"
BOOT = ("kernel8.img", "initramfs8", "bcm2710-rpi-3-b.dtb", "bootcode.bin", "start.elf", "fixup.dat")
MASKED = ("cloud-init.target", "regenerate_ssh_host_keys.service", "rpi-resize.service", "sshswitch.service")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PiProject]:
    root = tmp_path_factory.mktemp("raspbian")
    with signer() as keys:
        yield make(root / "project", keys, "minimal", ["pi3b"])
    shutil.rmtree(root)


@pytest.fixture(scope="module")
def apart(project: PiProject, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Apart]:
    with taken_apart(project.built("minimal", *WORDS), tmp_path_factory.mktemp("apart")) as apart:
        yield apart


@pytest.fixture(scope="module")
def manifest(apart: Apart) -> Manifest:
    return parse(Path(apart.answer["manifest"]).read_text(encoding="utf-8"))


def _boot(apart: Apart, name: str) -> str:
    return say(["mtype", "-i", f"{apart.image}@@{apart.boot_offset}", f"::{name}"])


def test_only_the_kernel_is_of_a_foreign_architecture(apart: Apart, manifest: Manifest) -> None:
    assert (manifest.base, manifest.architecture) == ("raspbian", "armhf")
    foreign = {p.name: p.architecture for p in manifest.packages if p.architecture not in ("armhf", "all")}
    names = sorted(foreign)
    assert names[0].endswith("+rpt-rpi-v8")
    assert names[1:] == ["linux-image-rpi-v8"]
    assert set(foreign.values()) == {"arm64"}
    assert (apart.root / "var/lib/dpkg/arch").read_text() == "armhf\narm64\n"
    status = (apart.root / "var/lib/dpkg/status").read_text()
    assert status.count("\nStatus: install ok installed\n") == len(manifest.packages)
    assert status.count("\nStatus: ") == len(manifest.packages)


def test_the_64_bit_kernel_boots_with_an_initramfs_of_32_bit_programs(apart: Apart) -> None:
    (image,) = apart.root.glob(f"boot/vmlinuz-{V8}")
    assert image.read_bytes()[56:60] == b"ARM\x64"
    listing = say(["mdir", "-b", "-i", f"{apart.image}@@{apart.boot_offset}", "::"])
    for name in BOOT:
        assert f"::/{name}\n" in listing
    assert "kernel7.img" not in listing
    (initramfs,) = apart.root.glob(f"boot/initrd.img-{V8}")
    names = [name for name, _ in dates.of_initramfs(initramfs.read_bytes())]
    # The loader of armhf programs, and modules of the kernel that is foreign to them.
    assert any(name.endswith("/ld-linux-armhf.so.3") for name in names)
    assert any("+rpt-rpi-v8/kernel/drivers/block/virtio_blk.ko" in name for name in names)


def test_the_boot_files_are_nodebakes_own(apart: Apart) -> None:
    assert _boot(apart, "config.txt").split() == ["[all]", "auto_initramfs=1", "arm_64bit=1", "[all]"]
    words = _boot(apart, "cmdline.txt").split()
    assert words[:2] == ["console=serial0,115200", "console=tty0"]
    assert words[2].startswith("root=PARTUUID=")
    # Neither the script of a first boot nor another disk id.
    assert not [word for word in words if word.startswith(("init=", "systemd.run", "resize"))]


def test_the_image_names_its_archives_and_brings_their_keys(apart: Apart, project: PiProject) -> None:
    assert not (apart.root / "etc/apt/sources.list").exists()
    (sources,) = (apart.root / "etc/apt/sources.list.d").iterdir()
    assert sources.read_text() == (
        f"Types: deb\nURIs: {PUBLIC_RASPBIAN}\nSuites: trixie\nComponents: main contrib non-free rpi\n"
        "Architectures: armhf\nSigned-By: /usr/share/keyrings/nodebake-raspbian.gpg\n"
        f"\nTypes: deb\nURIs: {PUBLIC_PI}\nSuites: trixie\nComponents: main\n"
        "Signed-By: /usr/share/keyrings/nodebake-raspberrypi.gpg\n"
    )
    for word in ("raspbian", "raspberrypi"):
        key = apart.root / f"usr/share/keyrings/nodebake-{word}.gpg"
        assert key.read_bytes() == project.signer.keyring.read_bytes()


def test_the_distributions_own_first_boot_does_not_act(apart: Apart, manifest: Manifest) -> None:
    for name in MASKED:
        assert (apart.root / "etc/systemd/system" / name).readlink() == Path("/dev/null")
    names = {package.name for package in manifest.packages}
    assert not names & {"cloud-init", "rpi-cloud-init-mods", "rpi-preseed", "userconf-pi", "raspi-config"}
    rows = [line.split(":") for line in (apart.root / "etc/passwd").read_text().splitlines()]
    assert [row[0] for row in rows if 1000 <= int(row[2]) < 60000] == ["admin"]


def test_the_provenance_tells_of_the_tools_archives_too(apart: Apart) -> None:
    statement = json.loads(Path(apart.answer["provenance"]).read_text())
    named = {row["name"] for row in statement["predicate"]["buildDefinition"]["resolvedDependencies"]}
    assert {"raspbian trixie", "raspberrypi trixie", "debian trixie"} <= named
