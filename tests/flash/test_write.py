# SPDX-License-Identifier: Apache-2.0
"""`nodebake write`: cards in the operator's readers, here as files."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from builder.cli.main import main
from builder.deploy.keys import Ring
from builder.errors import NodebakeError
from builder.flash import reader
from builder.flash.agent import label, table
from builder.flash.offer import offer
from builder.flash.several import Wish, carry_out, orders
from builder.release.frames import FRAME, Frame, Frames
from builder.release.frames import dump as dump_frames
from builder.report.report import Bar
from builder.report.silent import SilentReport
from tests.flash.ground import BOOTCODE, MIB, SLOT, Tiny, blank, make_key, sign
from tests.needs import needs_tool
from tests.unit.cluster.samples import sixty

pytestmark = needs_tool("ssh-keygen", "zstd")
TINY = Tiny(size=24 * MIB)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with an inventory and a release of `tiny`, signed, in which we are."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NODEBAKE_OUT", raising=False)
    (tmp_path / "recipes").mkdir()
    (tmp_path / "cluster.yaml").write_text(sixty())
    key = make_key(tmp_path / "signer")
    (tmp_path / "release_signers").write_text((tmp_path / "signer/signers").read_text())
    place = TINY.make(tmp_path / "out", key)
    (tmp_path / "out/tiny/latest").symlink_to(place.name)
    return tmp_path


def release(project: Path) -> Path:
    return project / "out" / TINY.label


def written(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, object]]:
    """The receipts; nothing else was said."""
    assert main(["write", *words, "--json"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    found: list[dict[str, object]] = json.loads(out)
    return found


def refused(capsys: pytest.CaptureFixture[str], *words: str, code: int) -> str:
    assert main(["write", *words]) == code
    out, err = capsys.readouterr()
    assert out == ""
    return err


def is_whole(card: Path) -> bool:
    """The image, but for what is the card's own; and it boots by itself."""
    data, own = (
        bytearray(card.read_bytes()[: TINY.size]),
        ((label.START, label.SIZE), (SLOT.start, SLOT.size)),
    )
    for start, size in own:
        data[start : start + size] = bytes(size)
    return data == TINY.image and data[BOOTCODE : BOOTCODE + 11] == b"BOOTCODEBIN"


class _Impatient(SilentReport):
    """Somebody presses ^C when the first group of a card was gone through."""

    groups = 0

    @contextmanager
    def bytes_bar(self, label: str, total: int) -> Iterator[Bar]:
        yield self

    def advance(self, count: int) -> None:
        self.groups += 1
        if self.groups == 1:
            os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.2)


def test_nobody_waits_for_cards_after_an_interruption(project: Path) -> None:
    card, report = blank(project / "card", 30 * MIB), _Impatient()
    ring = Ring(project)
    offered = offer(release(project), ring.signers_file, ring.revoked_file)
    given = orders(offered, [str(card)], (), None, {}, Wish())
    with pytest.raises(KeyboardInterrupt):
        carry_out(offered, given, report)
    assert report.groups < 4, "of six"
    told = label.parse(card.read_bytes()[label.START : label.START + label.SIZE])
    assert told and (told.state, table.parts(card.read_bytes()[:512])) == ("flashing", ())
    assert main(["write", "tiny", str(card), "--json"]) == 0
    assert is_whole(card)


def test_several_cards_at_once_each_its_nodes(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cards = [blank(project / f"card{number}", 30 * MIB) for number in range(3)]
    receipts = written(capsys, "tiny", *map(str, cards), "--node", "node[07-09]")
    assert [each["node"] for each in receipts] == ["node07", "node08", "node09"]
    assert {each["signer"] for each in receipts} == {"operator"}
    for number, card in enumerate(cards, 7):
        assert is_whole(card)
        with tarfile.open(fileobj=io.BytesIO(card.read_bytes()[SLOT.start : SLOT.start + SLOT.size])) as tar:
            told = tar.extractfile("etc/nodebake/node")
            assert told
            assert json.load(told)["name"] == f"node{number:02d}"
            name = tar.extractfile("etc/hostname")
            assert name
            assert name.read() == f"node{number:02d}\n".encode()


def test_a_card_that_has_it_all_is_not_written_to(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    card = str(blank(project / "card", 30 * MIB))
    assert main(["burn", "tiny", card]) == 0
    assert "written and read back" in capsys.readouterr().out
    (receipt,) = written(capsys, "tiny", card)
    assert (receipt["outcome"], receipt["written"]) == ("same", 0)


def test_the_compressed_image_will_do(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    raw = release(project) / f"tiny-{TINY.version}.img"
    parts = [TINY.image[at : at + FRAME] for at in range(0, TINY.size, FRAME)]
    packed = [
        subprocess.run(["zstd", "-q", "-c"], input=p, capture_output=True, check=True).stdout for p in parts
    ]
    frames = Frames("test", 3, tuple(Frame(len(each), "00" * 32) for each in packed))
    raw.with_suffix(".img.zst").write_bytes(b"".join(packed) + dump_frames(frames))
    raw.unlink()
    card = blank(project / "card", 30 * MIB)
    (receipt,) = written(capsys, str(raw.with_suffix(".img.zst")), str(card))
    assert is_whole(card)
    # The first one twice: the first MiB goes last.
    assert receipt["moved"] == sum(map(len, packed)) + len(packed[0])


def test_an_image_alone_is_written_and_the_doubt_is_told(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image = project / "some.img"
    image.write_bytes(TINY.image)
    card = blank(project / "card", 30 * MIB)
    assert main(["write", str(image), str(card)]) == 0
    assert "nobody has signed it" in capsys.readouterr().err
    assert is_whole(card)


def test_without_signature_it_says_so(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (release(project) / "manifest.json.sig").unlink()
    assert main(["write", "tiny", str(blank(project / "card", 30 * MIB))]) == 0
    assert "warning: the release is not signed: only its own hashes were checked" in capsys.readouterr().err


def test_a_forged_manifest_is_refused(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sign(release(project), make_key(project / "stranger"))
    card = blank(project / "card", 30 * MIB)
    told = refused(capsys, "tiny", str(card), code=5)
    assert told.startswith("error: the signature of the release does not hold\n")
    assert not any(card.read_bytes())


def test_one_card_that_is_too_small_does_not_keep_the_others(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small, good = blank(project / "small", 20 * MIB), blank(project / "good", 30 * MIB)
    assert main(["write", "tiny", str(small), str(good)]) != 0
    out, err = capsys.readouterr()
    assert out.startswith(f"{good}: tiny/{TINY.version}")
    assert "is too small for" in err
    assert is_whole(good)


def test_what_does_not_go_together_is_refused_before_anything_is_written(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    card = str(blank(project / "card", 30 * MIB))
    assert refused(capsys, "tiny", card, "--node", "node[01-02]", code=2).startswith(
        "error: 2 nodes and 1 devices\n"
    )
    assert refused(capsys, "tiny", card, card, code=2).startswith("error: a device is named twice\n")
    assert refused(capsys, "nosuch", card, code=2) == (
        "error: `nosuch` is neither a recipe that was built nor an image\n"
        "hint: name a recipe, as `nodebake list` shows it, a release's folder, or an image\n"
    )
    (project / "recipes/unbuilt.yaml").write_text("format: 1\n")
    assert refused(capsys, "unbuilt", card, code=2) == (
        "error: `unbuilt` is neither a recipe that was built nor an image\nhint: nodebake build unbuilt\n"
    )
    assert "No such file".lower() in refused(capsys, "tiny", "/dev/nosuch", code=2)


def test_secrets_that_the_release_wants_come_from_site_yaml(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tiny = replace(TINY, version="20260102-bbbbbbbb", wants=("wifi_psk",))
    tiny.make(project / "out", project / "signer/key")
    place, card = str(project / "out" / tiny.label), blank(project / "card", 30 * MIB)
    (project / "site.yaml").write_text("format: 1\n")
    assert refused(capsys, place, str(card), code=2) == (
        "error: the release wants a secret `wifi_psk` that site.yaml does not know\n"
        "hint: under `secrets:` write `wifi_psk: {file: PATH}`\n"
    )
    (project / "site.yaml").write_text("format: 1\nsecrets: {wifi_psk: {file: keys/wifi}}\n")
    assert refused(capsys, place, str(card), code=3).startswith(
        "error: the secret `wifi_psk` cannot be read\n"
    )
    (project / "keys").mkdir(exist_ok=True)
    (project / "keys/wifi").write_text("a passphrase\n")
    written(capsys, place, str(card))
    slot = card.read_bytes()[SLOT.start : SLOT.start + SLOT.size]
    with tarfile.open(fileobj=io.BytesIO(slot)) as tar:
        assert tar.getmember("etc/nodebake/secrets/wifi_psk").mode == 0o600


def device(tmp_path: Path, *, removable: str = "0", bus: str = "pci0000:00/ata1") -> Path:
    folder = tmp_path / f"sys/devices/{bus}/block/sdx"
    (folder / "sdx1").mkdir(parents=True)
    (folder / "removable").write_text(f"{removable}\n")
    (folder / "dev").write_text("8:64\n")
    (folder / "sdx1/dev").write_text("8:65\n")
    (folder / "sdx1/partition").write_text("1\n")
    return folder


@pytest.mark.parametrize(
    ("removable", "bus"), [("1", "pci0000:00/ata1"), ("0", "pci0000:00/usb1/1-1"), ("0", "soc/mmc_host/mmc0")]
)
def test_a_card_in_a_reader_may_be_written_to(removable: str, bus: str, tmp_path: Path) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text("22 1 8:1 / / rw - ext4 /dev/sda1 rw\n")
    reader.check_device(Path("/dev/sdx"), device(tmp_path, removable=removable, bus=bus), mounts)


def told(folder: Path, mounts: Path) -> str:
    with pytest.raises(NodebakeError) as caught:
        reader.check_device(Path(f"/dev/{folder.name}"), folder, mounts)
    return caught.value.render()


def test_what_is_no_card_is_refused(tmp_path: Path) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text("22 1 8:1 / / rw - ext4 /dev/sda1 rw\n")
    folder = device(tmp_path)
    assert told(folder, mounts).startswith("error: `/dev/sdx` is a disk of this machine and no card\n")
    assert told(folder / "sdx1", mounts) == (
        "error: `/dev/sdx1` is a partition\nhint: an image is a whole card: name /dev/sdx"
    )
    mounts.write_text("22 1 8:65 / /media/card rw - ext4 /dev/sdx1 rw\n")
    assert told(folder, mounts).startswith("error: `/dev/sdx` is in use\n  mounted on /media/card\n")
