# SPDX-License-Identifier: Apache-2.0
"""Releases over HTTP, as nodes that are being flashed ask for them."""

from __future__ import annotations

import errno
import http.client
import json
import os
import subprocess
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from builder.head.ground import machine
from builder.head.served import answers, serving
from builder.head.served.serving import serving as serve
from tests.fixtures import ROOT
from tests.head.ground import Ground
from tests.head.release import Tiny
from tests.needs import needs_tool

pytestmark = needs_tool("ssh-keygen", "dnsmasq", "zstd")

CARD = Tiny(recipe="sdcard", version="20260601-ffffffff", mode="card")
LABEL = f"sdcard/{CARD.version}"
IMAGE = f"/{LABEL}/sdcard-{CARD.version}.img"


@pytest.fixture
def holding(ground: Ground) -> Ground:
    """A head to which the image was brought as it is uploaded: without the raw one."""
    source = ground.made(CARD)
    (source / f"sdcard-{CARD.version}.img").unlink()
    words = ("--inventory", ground.nodes, "--nfs", "kernel", "--nodes", "node01")
    assert ground.call("assign", source, *words).code == 0
    return ground


@contextmanager
def asking(url: str) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=10)
    yield connection
    connection.close()


def fetch(connection: http.client.HTTPConnection, path: str, part: str = "") -> tuple[int, bytes, str]:
    connection.request("GET", path, headers={"Range": f"bytes={part}"} if part else {})
    response = connection.getresponse()
    return response.status, response.read(), response.headers.get("Content-Range", "")


def test_parts_of_the_raw_image(holding: Ground) -> None:
    serving.unpacked(holding.layout, "sdcard", CARD.version)
    size = len(CARD.image)
    with (
        serve("127.0.0.1", 0, serving.served(holding.layout)) as url,
        asking(url) as connection,
    ):
        assert fetch(connection, IMAGE) == (200, CARD.image, "")
        assert fetch(connection, IMAGE, "10-19") == (206, CARD.image[10:20], f"bytes 10-19/{size}")
        assert fetch(connection, IMAGE, f"{size - 5}-") == (
            *(206, CARD.image[-5:]),
            f"bytes {size - 5}-{size - 1}/{size}",
        )
        assert fetch(connection, IMAGE, f"{size - 5}-{size + 99}")[1] == CARD.image[-5:]
        for wrong in (f"{size}-", "5-3", "-5", "0-1,4-5"):
            assert fetch(connection, IMAGE, wrong) == (416, b"", f"bytes */{size}")
        connection.request("HEAD", IMAGE)
        response = connection.getresponse()
        assert (response.read(), response.headers["Content-Length"]) == (b"", str(size))


def test_an_image_that_cannot_be_unpacked_leaves_nothing(
    holding: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill(argv: list[str], **_: object) -> None:
        Path(argv[argv.index("-o") + 1]).write_bytes(b"half")
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), argv[-1])

    folder = holding.layout.release("sdcard", CARD.version)
    before = sorted(folder.iterdir())
    monkeypatch.setattr(machine, "run", fill)
    with pytest.raises(OSError, match="No space left"):
        serving.unpacked(holding.layout, "sdcard", CARD.version)
    assert sorted(folder.iterdir()) == before


def test_parts_that_are_packed(holding: Ground) -> None:
    serving.unpacked(holding.layout, "sdcard", CARD.version)
    with serve("127.0.0.1", 0, serving.served(holding.layout)) as url, asking(url) as connection:
        for part, plain in (("10-9999", CARD.image[10:10_000]), ("", CARD.image)):
            headers = {answers.PACK: answers.DEFLATE} | ({"Range": f"bytes={part}"} if part else {})
            connection.request("GET", IMAGE, headers=headers)
            response = connection.getresponse()
            assert (response.status, response.headers[answers.PACK]) == (206 if part else 200, "deflate")
            assert zlib.decompress(response.read()) == plain
        # Who asks for something else gets it as it is.
        connection.request("GET", IMAGE, headers={answers.PACK: "lzma"})
        response = connection.getresponse()
        assert (response.headers[answers.PACK], response.read()) == (None, CARD.image)


def test_a_file_that_changes_is_packed_anew(tmp_path: Path) -> None:
    file = tmp_path / "file"
    with serve("127.0.0.1", 0, {"/file": file}) as url, asking(url) as connection:
        for number, content in enumerate((b"former", b"latter")):
            file.write_bytes(content)
            os.utime(file, (number, number))
            connection.request("GET", "/file", headers={answers.PACK: answers.DEFLATE})
            assert zlib.decompress(connection.getresponse().read()) == content


def test_only_what_a_release_names_is_served(holding: Ground) -> None:
    (holding.layout.releases / LABEL / "secret").write_text("no")
    with (
        serve("127.0.0.1", 0, serving.served(holding.layout)) as url,
        asking(url) as connection,
    ):
        assert fetch(connection, f"/{LABEL}/manifest.json")[0] == 200
        assert fetch(connection, f"/{LABEL}/manifest.json.sig")[0] == 200
        for path in (f"/{LABEL}/secret", f"/{LABEL}/../../../state/nodes.json", "/", "/etc/passwd"):
            assert fetch(connection, path)[0] == 404
            connection.close()


def test_it_ends_with_its_stdin(holding: Ground) -> None:
    folders = ["--pxe", str(holding.layout.pxe), "--etc", str(holding.layout.etc)]
    argv = [sys.executable, "-m", "builder.head", *folders]
    with subprocess.Popen(
        [*argv, "serve", LABEL, "--address", "127.0.0.1", "--port", "0", "--json"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdin
        assert process.stdout
        url = json.loads(process.stdout.readline())["value"]["url"]
        with asking(url) as connection:
            assert fetch(connection, IMAGE, "0-3") == (206, CARD.image[:4], f"bytes 0-3/{len(CARD.image)}")
        process.stdin.close()
        assert process.wait(timeout=20) == 0
    with pytest.raises(ConnectionRefusedError), asking(url) as connection:
        fetch(connection, IMAGE)


def test_a_port_in_use_is_told(holding: Ground) -> None:
    with serve("127.0.0.1", 0, {}) as url:
        port = urlsplit(url).port
        ended = holding.call("serve", LABEL, "--address", "127.0.0.1", "--port", port)
    assert ended.code == 3
    assert ended.error["message"] == f"port {port} of 127.0.0.1 cannot be used: address already in use"
