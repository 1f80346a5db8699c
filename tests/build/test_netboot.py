# SPDX-License-Identifier: Apache-2.0
"""What is made for booting over the network, read by tools that did not make it."""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from builder.netboot.config_txt import read_as
from builder.release import checksums
from builder.release.manifest import Manifest, Netboot
from tests.build.conftest import say
from tests.fixtures import Site
from tests.needs import needs_tool

pytestmark = [pytest.mark.build, pytest.mark.archive, needs_tool("unsquashfs", "zstd", "unshare")]

RECIPE = "minimal-netboot"
# From power-on to the kernel's start, on any board, by TFTP.
MOST_FETCHED = 25_000_000
INVENTORY = """\
format: 1
head: {name: head, board: pi3bplus, address: 10.42.0.250}
networks:
  lan: {subnet: 10.42.0.0/24, first: 10.42.0.1}
  wifi: {subnet: 192.168.1.0/24, first: 192.168.1.105, wireless: true}
defaults: {board: pi3b, network: lan}
nodes:
  - {number: 1, mac: "b8:27:eb:00:00:01"}
  - {number: 2, mac: "b8:27:eb:00:00:02"}
  - {number: 17, mac: "b8:27:eb:00:00:11", board: pizerow, network: wifi}
"""
CHANGED = "format: 1\nsummary: one file more\ninclude: [minimal-netboot]\nlayers: [{files: one-more}]\n"


@pytest.fixture(scope="module")
def release(site: Site) -> Path:
    return Path(site.built(RECIPE)["manifest"]).parent


@pytest.fixture(scope="module")
def manifest(site: Site, release: Path) -> Manifest:
    return site.manifest(RECIPE)


@pytest.fixture(scope="module")
def netboot(manifest: Manifest) -> Netboot:
    assert manifest.netboot
    return manifest.netboot


@pytest.fixture(scope="module")
def boot(release: Path, netboot: Netboot) -> Iterator[tarfile.TarFile]:
    with tarfile.open(release / netboot.boot) as tar:
        yield tar


def text(boot: tarfile.TarFile, name: str) -> bytes:
    stream = boot.extractfile(f"./{name}")
    assert stream
    return stream.read()


def squashed(layer: Path) -> dict[str, tuple[str, str]]:
    """Path → mode and owner, as unsquashfs tells them."""
    found = {}
    for line in say(["unsquashfs", "-lln", "-d", "", layer]).splitlines():
        # The root itself has no name.
        mode, owner, _, _, _, name = [*line.split(" -> ")[0].split(maxsplit=5), ""][:6]
        found[name.removeprefix("/")] = (mode, owner)
    return found


def test_everything_is_what_the_manifest_says(release: Path, manifest: Manifest, netboot: Netboot) -> None:
    checksums.verify(release)
    kinds = {artifact.name: artifact.kind for artifact in manifest.artifacts}
    assert kinds[netboot.boot] == "boot"
    assert {kinds[layer] for layer in netboot.layers} == {"layer"}
    assert manifest.image is None and netboot.root == "" and netboot.needs == 0


def test_a_board_finds_all_that_config_txt_names(boot: tarfile.TarFile, netboot: Netboot) -> None:
    names = {name.removeprefix("./") for name in boot.getnames()}
    config = text(boot, "config.txt").decode()
    for board, section in (("pi3b", "pi3"), ("pi3bplus", "pi3+"), ("pi4", "pi4")):
        said = read_as(config, section)
        assert said["os_prefix"] == netboot.prefix
        assert {said["start_file"], said["fixup_file"], "bootcode.bin"} <= names
        (row,) = [row for row in netboot.boards if row.name == board]
        assert (row.start, row.fixup) == (said["start_file"], said["fixup_file"])
        own = (said["kernel"], said["initramfs"], *row.device_trees)
        assert {f"{netboot.prefix}{name}" for name in own} <= names


def test_firmware_is_named_by_its_content(boot: tarfile.TarFile) -> None:
    for plain in ("start.elf", "start4.elf", "fixup.dat", "fixup4.dat"):
        stem, _, suffix = plain.partition(".")
        data = text(boot, plain)
        named = f"{stem}-{hashlib.sha256(data).hexdigest()[:8]}.{suffix}"
        assert text(boot, named) == data
        assert {boot.getmember(f"./{plain}").type, boot.getmember(f"./{named}").type} == {
            tarfile.REGTYPE,
            tarfile.LNKTYPE,
        }


def test_a_node_does_not_fetch_much(boot: tarfile.TarFile, netboot: Netboot) -> None:
    for row in netboot.boards:
        own = (row.kernel, row.initramfs, *row.device_trees)
        fetched = ["bootcode.bin", "config.txt", row.start, row.fixup, *(f"{netboot.prefix}{n}" for n in own)]
        assert sum(len(text(boot, name)) for name in fetched) < MOST_FETCHED


def test_the_kernel_is_packed_and_whole(boot: tarfile.TarFile, netboot: Netboot, manifest: Manifest) -> None:
    kernel = netboot.boards[0].kernel
    (shipped,) = [file for file in manifest.files if file.path == f"boot/{kernel}"]
    packed = text(boot, f"{netboot.prefix}{kernel}")
    assert packed[:2] == b"\x1f\x8b"
    assert hashlib.sha256(gzip.decompress(packed)).hexdigest() == shipped.sha256


def test_the_layers_are_the_tree(release: Path, manifest: Manifest, netboot: Netboot) -> None:
    base, top = (squashed(release / layer) for layer in netboot.layers)
    laid = {**base, **top}
    shipped = {
        file.path: file
        for file in manifest.files
        if not file.path.startswith(("boot/firmware/", "boot/vmlinuz", "boot/initrd.img"))
    }
    assert laid.keys() == shipped.keys()
    assert {path: owner for path, (_, owner) in laid.items()} == {
        path: f"{file.uid}/{file.gid}" for path, file in shipped.items()
    }
    assert laid[""][0] == "drwxr-xr-x"
    assert laid["usr/bin/su"][0] == "-rwsr-xr-x"
    # What the packages brought is below, what the recipe wrote above, and nothing in both but folders.
    assert {"usr/bin/su", "usr/sbin/sshd"} <= base.keys()
    assert {"etc/passwd", "etc/nodebake/release"} <= top.keys()
    assert not [path for path in base.keys() & top.keys() if not base[path][0].startswith("d")]


def test_the_root_names_its_release(release: Path, manifest: Manifest, netboot: Netboot) -> None:
    told = say(["unsquashfs", "-cat", release / netboot.layers[-1], "etc/nodebake/release"])
    assert told == f"{manifest.recipe}/{manifest.version}\n"
    assert netboot.prefix == f"{manifest.version}/"


def test_nothing_secret_is_served(boot: tarfile.TarFile, manifest: Manifest) -> None:
    assert not [name for name in boot.getnames() if name.endswith("cmdline.txt")]
    assert not [file.path for file in manifest.files if "ssh_host" in file.path]


def test_one_more_file_makes_a_new_top_alone(site: Site, release: Path, netboot: Netboot) -> None:
    overlay = site.root / "overlays/one-more/etc"
    overlay.mkdir(parents=True, exist_ok=True)
    (overlay / "motd-more").write_text("more\n")
    (site.root / "recipes/one-more.yaml").write_text(CHANGED)
    other = site.manifest("one-more").netboot
    folder = Path(site.built("one-more")["manifest"]).parent
    assert other
    bases = [place / names.layers[0] for place, names in ((release, netboot), (folder, other))]
    assert checksums.file_sha256(bases[0]) == checksums.file_sha256(bases[1])
    assert "etc/motd-more" in squashed(folder / other.layers[1])
    assert "etc/motd-more" not in squashed(release / netboot.layers[1])


def test_a_private_root_keeps_owners_and_no_capabilities(site: Site) -> None:
    made = site.manifest(RECIPE, "--set", "mode=private")
    folder = Path(site.built(RECIPE, "--set", "mode=private")["manifest"]).parent
    assert made.netboot and made.netboot.layers == ()
    listed = say(["tar", "--zstd", "--numeric-owner", "-tvf", folder / made.netboot.root]).splitlines()
    paths = {line.split(" -> ")[0].split(maxsplit=5)[-1].split(" link to ")[0]: line for line in listed}
    shipped = {file.path for file in made.files if not file.path.startswith("boot/firmware/")}
    assert {path.removeprefix(".").removeprefix("/").rstrip("/") for path in paths} == shipped
    assert paths["./etc/shadow"].split()[:2] == ["-rw-r-----", "0/42"]
    assert not [file.path for file in made.files for name, _ in file.xattrs if name == "security.capability"]


def test_it_is_checked_against_the_inventory(site: Site, tmp_path: Path) -> None:
    project = Site(tmp_path / "with an inventory")
    # Without its out/: the names of nodes come from the inventory there, so it is another release.
    shutil.copytree(site.root, project.root, symlinks=True, ignore=shutil.ignore_patterns("out"))
    site_file = project.root / "site.yaml"
    site_file.write_text(site_file.read_text().replace("mac_table: mac_nodes\n", ""))
    (project.root / "cluster.yaml").write_text(INVENTORY)
    answer = json.loads(project.say("netboot", RECIPE, "2", "--json"))
    assert Path(answer["release"], "manifest.json").is_file()
    assert answer["nodes"] == [
        {"name": "node02", "board": "pi3b", "mac": "b8:27:eb:00:00:02", "address": "10.42.0.2"}
    ]
    for words in ([], ["@all"]):
        nodes = json.loads(project.say("netboot", RECIPE, *words, "--json"))["nodes"]
        assert [node["name"] for node in nodes] == ["node01", "node02"], "a Zero is no part of all here"
