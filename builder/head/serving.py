# SPDX-License-Identifier: Apache-2.0
"""Releases over HTTP for nodes that are being flashed, any part of any file, as long as somebody wants it.

Only what the manifest of a release names is served, and nothing of it is secret. A node checks all of it by
the release's signature and index, so nobody need trust this connection.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import IO

from builder.errors import LackingError, NodebakeError
from builder.head import files, machine, manifest
from builder.head.layout import Layout

PORT = 8017
_RANGE = re.compile(r"bytes=(\d+)-(\d*)")
_CHUNK = 1 << 18
_SILENCE = 60
"""Seconds after which a node that says nothing more is let go."""


def unpacked(layout: Layout, recipe: str, version: str) -> Path:
    """The raw image of a release that the head holds, unpacked beside it where it is not yet.

    Raises NodebakeError where there is no such image, LackingError where the disk is full.
    """
    folder = layout.release(recipe, version)
    release = manifest.read(folder)
    packed = next((name for name in release.image if name.endswith(".img.zst")), "")
    raw = folder / packed.removesuffix(".zst")
    if not packed or not (folder / packed).is_file():
        raise NodebakeError(f"the head holds no image of {release.label}", hint="`nodebake deploy` brings it")
    if not raw.exists():
        size = release.artifact(raw.name).size
        room = shutil.disk_usage(folder).free
        if room < size:
            raise LackingError(
                f"no space to unpack the image of {release.label}",
                facts=[f"it takes {size >> 20} MiB, `{layout.pxe}` has {room >> 20} MiB"],
                hint="`nodebake-head gc --keep 1` removes former releases",
            )
        making = raw.with_name(f".{raw.name}.part")
        files.clear(making)
        machine.run(["zstd", "-q", "-d", "--sparse", "-o", str(making), str(folder / packed)])
        making.rename(raw)
    return raw


def served(layout: Layout) -> dict[str, Path]:
    """What can be asked for: `/RECIPE/VERSION/NAME` of each file that a held release names."""
    found: dict[str, Path] = {}
    for folder in layout.releases.glob("[!.]*/[!.]*"):
        try:
            release = manifest.read(folder)
        except NodebakeError:
            continue
        names = [each.name for each in release.artifacts] + ["manifest.json", "manifest.json.sig"]
        found |= {f"/{release.label}/{name}": folder / name for name in names if (folder / name).is_file()}
    return found


@contextmanager
def serving(address: str, port: int, offered: Mapping[str, Path]) -> Iterator[str]:
    """Serve while the body runs; the URL that paths go behind. Raises LackingError for a port in use."""

    class Answers(_Answers):
        files = offered

    try:
        server = ThreadingHTTPServer((address, port), Answers)
    except OSError as error:
        raise LackingError(
            f"port {port} of {address} cannot be used: {(error.strerror or str(error)).lower()}",
            hint="another deploy may be at work; `--port` names another port",
        ) from error
    server.daemon_threads = True
    Thread(target=server.serve_forever, name="serving", daemon=True).start()
    try:
        yield f"http://{address}:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


class _Answers(BaseHTTPRequestHandler):
    """GET and HEAD with ranges, on connections that stay; each server has its own class, with its files."""

    protocol_version = "HTTP/1.1"
    server_version, sys_version = "nodebake-head", ""
    timeout = _SILENCE
    files: Mapping[str, Path] = {}

    def do_GET(self) -> None:
        self._answer(body=True)

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def log_message(self, format: str, *arguments: object) -> None:
        """What goes wrong is told by the node, whose order it is."""

    def _answer(self, *, body: bool) -> None:
        path = self.files.get(self.path)
        try:
            stream = path.open("rb") if path else None
        except OSError:
            stream = None
        if stream is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        with stream:
            size = os.fstat(stream.fileno()).st_size
            part = _part(self.headers.get("Range"), size)
            if part is None:
                self.send_response(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE)
                self.send_header("Content-Range", f"bytes */{size}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            first, end = part
            if self.headers.get("Range"):
                self.send_response(HTTPStatus.PARTIAL_CONTENT)
                self.send_header("Content-Range", f"bytes {first}-{end - 1}/{size}")
            else:
                self.send_response(HTTPStatus.OK)
            self.send_header("Accept-Ranges", "bytes")
            self.send_header("Content-Type", "application/octet-stream")
            self.send_header("Content-Length", str(end - first))
            self.end_headers()
            if body:
                self._send(stream, first, end)

    def _send(self, stream: IO[bytes], first: int, end: int) -> None:
        stream.seek(first)
        try:
            while first < end and (data := stream.read(min(_CHUNK, end - first))):
                self.wfile.write(data)
                first += len(data)
        except OSError:
            # It went, or was cut off; whoever flashes asks again.
            self.close_connection = True


def _part(asked: str | None, size: int) -> tuple[int, int] | None:
    """First byte and end of what is asked for; None when there is no such part."""
    if asked is None:
        return 0, size
    found = _RANGE.fullmatch(asked.strip())
    if not found:
        return None
    first, end = int(found[1]), int(found[2]) + 1 if found[2] else size
    return (first, min(end, size)) if first < min(end, size) else None
