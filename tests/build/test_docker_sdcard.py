# SPDX-License-Identifier: Apache-2.0
"""The main job's image, looked at by tools that did not make it."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

from builder.build.workshop import machine
from builder.release import checksums, index, manifest
from builder.tree.entry import Kind
from tests.build.conftest import Apart, say, tree_program
from tests.needs import needs_tool

pytestmark = [
    pytest.mark.build,
    needs_tool("sfdisk", "debugfs", "e2fsck", "fsck.fat", "mtype", "mdir"),
]


def _boot_file(apart: Apart, name: str) -> str:
    return say(["mtype", "-i", f"{apart.image}@@{apart.boot_offset}", f"::/{name}"], MTOOLS_SKIP_CHECK="1")


def test_file_systems_are_clean(docker_sdcard: Apart, tmp_path: Path) -> None:
    say(["e2fsck", "-fn", docker_sdcard.filesystem])
    fat = tmp_path / "fat"
    with docker_sdcard.image.open("rb") as image:
        image.seek(docker_sdcard.boot_offset)
        fat.write_bytes(image.read(512 << 20))
    said = say(["fsck.fat", "-n", fat])
    assert "files" in said


def test_table_fstab_and_command_line_agree(docker_sdcard: Apart) -> None:
    table = json.loads(say(["sfdisk", "--json", docker_sdcard.image]))["partitiontable"]
    assert table["label"] == "dos"
    assert [row["type"] for row in table["partitions"]] == ["c", "83"]
    disk = table["id"].removeprefix("0x")
    fstab = dict(
        line.split("\t")[1::-1]
        for line in say(["debugfs", "-R", "cat /etc/fstab", docker_sdcard.filesystem]).splitlines()
        if "\t" in line
    )
    assert fstab["/"] == f"PARTUUID={disk}-02"
    assert fstab["/boot/firmware"] == f"PARTUUID={disk}-01"
    words = _boot_file(docker_sdcard, "cmdline.txt").split()
    assert f"root=PARTUUID={disk}-02" in words
    assert "cgroup_enable=memory" in words


def test_boot_directory_is_complete(docker_sdcard: Apart) -> None:
    listed = say(
        ["mdir", "-b", "-i", f"{docker_sdcard.image}@@{docker_sdcard.boot_offset}", "::/"],
        MTOOLS_SKIP_CHECK="1",
    )
    names = {line.removeprefix("::/") for line in listed.splitlines()}
    config = _boot_file(docker_sdcard, "config.txt")
    kernel = re.search(r"^kernel=(\S+)", config, re.MULTILINE)
    initramfs = re.search(r"^initramfs (\S+)", config, re.MULTILINE)
    assert kernel and initramfs, config
    wanted = {
        "bootcode.bin",
        "start.elf",
        "fixup.dat",
        "start4.elf",
        "fixup4.dat",
        "config.txt",
        "cmdline.txt",
    }
    wanted |= {
        kernel[1],
        initramfs[1],
        "bcm2711-rpi-4-b.dtb",
        "bcm2837-rpi-3-b.dtb",
        "bcm2837-rpi-3-b-plus.dtb",
    }
    assert wanted <= names
    # The modules in the root are those of that kernel.
    assert (
        docker_sdcard.root / "usr/lib/modules" / kernel[1].removeprefix("vmlinuz-") / "modules.dep"
    ).is_file()


def test_the_trees_own_dpkg_finds_every_file_as_packaged(docker_sdcard: Apart) -> None:
    def dpkg(question: str) -> str:
        return tree_program(
            docker_sdcard, "usr/bin/dpkg", f"--root={docker_sdcard.root}", question, codes=(0, 1)
        )

    # The one configuration file that a build edits, because Debian's kernel hook reads nothing else.
    assert [line.split()[-1] for line in dpkg("--verify").splitlines()] == ["/etc/default/raspi-firmware"]
    assert dpkg("--audit") == ""


def test_nothing_asks_systemd_for_its_architecture(docker_sdcard: Apart) -> None:
    # systemd-sysusers and systemd-tmpfiles are lent, and `%a` is where they would speak of their own.
    folders = [f"{base}/{kind}.d" for base in ("etc", "usr/lib") for kind in ("sysusers", "tmpfiles")]
    files = [path for folder in folders for path in (docker_sdcard.root / folder).glob("*.conf")]
    assert len(files) > 20
    assert [path.name for path in files if "%a" in path.read_text()] == []


def test_units_and_daemon_configuration_are_valid(docker_sdcard: Apart) -> None:
    root = docker_sdcard.root
    said = tree_program(
        docker_sdcard, "usr/bin/systemd-analyze", "verify", f"--root={root}", "multi-user.target"
    )
    ours = [line for line in said.splitlines() if "nodebake" in line or "bay-led" in line or "docker" in line]
    assert ours == []
    path = f"{root}/usr/sbin:{root}/usr/bin"
    config = root / "etc/docker/daemon.json"
    said = tree_program(
        docker_sdcard, "usr/sbin/dockerd", "--validate", "--config-file", str(config), path=path
    )
    assert "configuration OK" in said
    assert json.loads(config.read_text())["storage-driver"] == "overlay2"


def test_nobody_can_log_in_by_password(docker_sdcard: Apart) -> None:
    rows = [
        line.split(":")
        for line in say(["debugfs", "-R", "cat /etc/shadow", docker_sdcard.filesystem]).splitlines()
        if ":" in line
    ]
    assert {row[0] for row in rows} >= {"root", "admin"}
    assert [row[0] for row in rows if not row[1].startswith(("!", "*"))] == []


def test_what_is_per_node_is_not_in_the_image(docker_sdcard: Apart) -> None:
    assert (docker_sdcard.root / "etc/machine-id").read_bytes() == b""
    assert list((docker_sdcard.root / "etc/ssh").glob("ssh_host_*")) == []
    assert not (docker_sdcard.root / "var/lib/dbus/machine-id").exists()


def test_release_files_tell_the_truth(docker_sdcard: Apart) -> None:
    folder = docker_sdcard.image.parent
    for line in (folder / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split("  ")
        with (folder / name).open("rb") as stream:
            assert hashlib.file_digest(stream, "sha256").hexdigest() == digest, name
    told = index.parse(Path(docker_sdcard.answer["index"]).read_bytes())
    assert told.image_size == docker_sdcard.image.stat().st_size
    with docker_sdcard.image.open("rb") as stream:
        for number in range(0, len(told), 997):
            stream.seek(number * 65536)
            assert hashlib.sha256(stream.read(65536)).digest() == told[number]
    release = manifest.parse(Path(docker_sdcard.answer["manifest"]).read_text())
    assert {p.name for p in release.packages} >= {"docker.io", "openssh-server", "raspi-firmware"}
    assert [n.package for n in release.non_free] == ["raspi-firmware"]
    wrong = [
        f.path
        for f in release.files
        if f.type == Kind.FILE
        and not f.path.startswith("boot/firmware/")
        and not _matches(docker_sdcard.root / f.path, f.sha256)
    ]
    assert wrong == []


def test_the_bill_of_materials_is_valid_and_whole(docker_sdcard: Apart) -> None:
    bill = parse_file(docker_sdcard.answer["sbom"])
    assert [problem.validation_message for problem in validate_full_spdx_document(bill)] == []
    release = manifest.parse(Path(docker_sdcard.answer["manifest"]).read_text())
    assert {p.name for p in release.packages} <= {p.name for p in bill.packages}


def test_the_provenance_names_what_is_there_and_what_it_was_made_from(docker_sdcard: Apart) -> None:
    folder = docker_sdcard.image.parent
    statement = json.loads(Path(docker_sdcard.answer["provenance"]).read_text())
    sums = checksums.parse((folder / "SHA256SUMS").read_text())
    others = {"manifest.json", "provenance.intoto.json"}
    assert {row["name"]: row["digest"]["sha256"] for row in statement["subject"]} == {
        name: sha256 for name, sha256 in sums.items() if name not in others
    }
    definition = statement["predicate"]["buildDefinition"]
    lock = Path(docker_sdcard.answer["lock"]).read_bytes()
    assert definition["externalParameters"]["lock"]["sha256"] == hashlib.sha256(lock).hexdigest()
    said = json.loads(lock)
    rows = [*said["packages"], *said[f"helper {machine()}"]]
    named = {row["digest"]["sha256"] for row in definition["resolvedDependencies"]}
    assert named > {row["sha256"] for row in rows}


def test_no_path_and_no_name_of_the_builder_is_in_the_release(docker_sdcard: Apart, site: object) -> None:
    texts = [
        Path(docker_sdcard.answer[kind]).read_bytes()
        for kind in ("manifest", "sbom", "provenance", "bmap", "index", "checksums")
    ]
    secret = str(docker_sdcard.image.parents[2]).encode()
    assert [text for text in texts if secret in text] == []


def _matches(path: Path, sha256: str) -> bool:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest() == sha256
