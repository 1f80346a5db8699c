# SPDX-License-Identifier: Apache-2.0
"""`nodebake boot --netboot`: which node it boots, and what it refuses before it starts anything."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

from builder.boot.netboot import tools
from builder.cli import boot
from builder.cli.main import main
from builder.cli.parser import parse
from builder.errors import LackingError
from builder.report.silent import SilentReport
from tests.fixtures import ROOT
from tests.head.release import Mode, Tiny
from tests.unit.cli.test_reading_verbs import GOOD

CLUSTER = """\
format: 1
head: {name: head, board: pi3bplus, address: 10.42.0.250, user: pi}
networks: {lan: {subnet: 10.42.0.0/24, first: 10.42.0.1}}
defaults: {network: lan}
nodes:
  - {number: 1, mac: "b8:27:eb:00:00:01", board: pi5}
  - {number: 2, mac: "b8:27:eb:00:00:02", board: pi3b}
  - {number: 3, mac: "b8:27:eb:00:00:03", board: pi3b}
"""


class Started(Exception):
    """What would be started."""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "recipes").mkdir()
    (tmp_path / "recipes/tiny.yaml").write_text(GOOD)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NODEBAKE_OUT", raising=False)
    monkeypatch.setattr("builder.cli.boot_netboot.require_tools", lambda: None)

    def started(known: object, folder: Path) -> None:
        raise Started(known)

    monkeypatch.setattr("builder.cli.boot_netboot.head", started)
    return tmp_path


def built(project: Path, mode: Mode = "shared", card: bool = False) -> None:
    place = Tiny(mode=mode, writable="card" if card else "tmpfs").make(project / "out")
    (place.parent / "latest").symlink_to(place.name)


def booted(*words: str) -> list[str]:
    """The nodes of the head that it would start."""
    with pytest.raises(Started) as caught:
        boot.run(parse(["boot", "tiny", "--netboot", *words]), SilentReport())
    return [node.name for node in caught.value.args[0].nodes]


def test_the_first_node_that_it_is_for(project: Path) -> None:
    built(project)
    (project / "cluster.yaml").write_text(CLUSTER)
    assert booted() == ["node02"]
    assert booted("--node", "3") == ["node03"]


def test_a_releases_folder(project: Path) -> None:
    built(project)
    (project / "out").rename(project / "elsewhere")
    with pytest.raises(Started):
        boot.run(parse(["boot", "elsewhere/tiny/latest", "--netboot"]), SilentReport())


def test_a_project_without_a_cluster(project: Path) -> None:
    built(project)
    assert booted() == ["node01"]


@pytest.mark.parametrize(
    ("words", "code", "error"),
    [
        (
            ["--node", "1"],
            2,
            "error: tiny/20260101-aaaaaaaa is not for `1`\n  it is for pi3b, pi3bplus, pi4\n",
        ),
        (["--node", "2-3"], 2, "error: `--node 2-3` is 2 nodes\nhint: name one of them\n"),
        (
            ["--memory", "0"],
            2,
            "error: `--memory 0`: kernel and initramfs do not fit into less than 128 MiB\n",
        ),
        (["--board", "raspi3b"], 2, "error: `--board` is for an image, not for `--netboot`\n"),
        (["--ssh-port", "2222"], 2, "error: `--ssh-port` is for an image, not for `--netboot`\n"),
    ],
)
def test_what_cannot_be_booted(
    project: Path, capsys: pytest.CaptureFixture[str], words: list[str], code: int, error: str
) -> None:
    built(project)
    (project / "cluster.yaml").write_text(CLUSTER)
    assert main(["boot", "tiny", "--netboot", *words]) == code
    assert capsys.readouterr().err.startswith(error)


def test_a_node_without_a_cluster(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    built(project)
    assert main(["boot", "tiny", "--netboot", "--node", "7"]) == 2
    assert "cluster.yaml" in capsys.readouterr().err


def test_an_image(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = project / "out/tiny/latest"
    place.mkdir(parents=True)
    shutil.copy(ROOT / "tests/data/manifest-3-image.json", place / "manifest.json")
    assert main(["boot", "tiny", "--netboot"]) == 2
    told = capsys.readouterr().err
    assert re.sub("[0-9a-f-]{17}", "VERSION", told) == (
        "error: minimal/VERSION is an image, and boots from a card\n"
        "hint: leave --netboot away: nodebake boot minimal\n"
    )


def test_a_root_that_wants_a_card(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    built(project, card=True)
    assert main(["boot", "tiny", "--netboot"]) == 5
    assert capsys.readouterr().err.startswith(
        "error: tiny/20260101-aaaaaaaa writes to the node's card, and the emulated node has none\n"
    )


def test_a_root_that_has_a_card(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    built(project, card=True)
    assert main(["boot", "tiny", "--netboot", "--card", "card.img"]) == 2
    hint = "truncate -s 1G card.img && mke2fs -q -t ext4 -L nodebake-data card.img"
    assert capsys.readouterr().err == (
        f"error: `--card card.img` is not there\nhint: one is made by: {hint}\n"
    )
    assert main(["boot", "tiny", "--netboot", "--card", "/dev/null"]) == 2
    assert capsys.readouterr().err.startswith("error: `--card /dev/null` is no file\n")
    (project / "card.img").touch()
    assert booted("--card", "card.img") == ["node01"]


def test_a_card_alone_means_nothing(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["boot", "tiny", "--card", "card.img"]) == 2
    assert capsys.readouterr().err == (
        "error: `--card` is for a node that boots over the network\nhint: add `--netboot`\n"
    )


def test_what_has_not_been_built(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["boot", "tiny", "--netboot"]) == 2
    assert capsys.readouterr().err.startswith("error: there is no release of `tiny`\n")


def test_a_node_alone_means_nothing(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["boot", "tiny", "--node", "2"]) == 2
    assert capsys.readouterr().err == (
        "error: `--node` says which node boots over the network\nhint: add `--netboot`\n"
    )


def test_all_that_is_missing_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        tools, "find", lambda name: None if name in ("dnsmasq", "ganesha.nfsd") else Path("/x")
    )
    monkeypatch.setattr("builder.boot.netboot.machine.UBOOT", Path("/not/there.bin"))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(LackingError) as error:
        tools.require_tools()
    assert error.value.message == ("booting over a network needs `dnsmasq`, `ganesha.nfsd`, `/not/there.bin`")
    assert error.value.hint == (
        "apt-get install --no-install-recommends dnsmasq-base nfs-ganesha nfs-ganesha-vfs u-boot-qemu"
    )


def test_another_user_than_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(LackingError, match="booting over a network needs root") as error:
        tools.require_tools()
    assert error.value.hint == "run the same with `sudo`; `nodebake boot` of an image needs none"
