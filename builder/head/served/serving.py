# SPDX-License-Identifier: Apache-2.0
"""Releases over HTTP for nodes that are being flashed, any part of any file, as long as somebody wants it.

Only what the manifest of a release names is served, and nothing of it is secret. A node checks all of it by
the release's signature and index, so nobody need trust this connection.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread

from builder.errors import LackingError, NodebakeError
from builder.head.ground import files, machine
from builder.head.ground.layout import Layout
from builder.head.release import manifest
from builder.head.served.answers import Answers
from builder.head.served.swarm import Swarm

PORT = 8017
_NOTICED = 0.05
"""Seconds until a server that is closed notices it."""


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
        try:
            machine.run(["zstd", "-q", "-d", "--sparse", "-o", str(making), str(folder / packed)])
            # Once it has its name it is never unpacked again.
            machine.settle(folder)
        except BaseException:
            files.clear(making)
            raise
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

    folders = {path.rpartition("/")[0] for path in offered}
    found = {f"{folder}/swarm": Swarm() for folder in folders}

    class Offered(Answers):
        files = offered
        swarms = found
        asking = Lock()

    try:
        server = _Server((address, port), Offered)
    except OSError as error:
        raise LackingError(
            f"port {port} of {address} cannot be used: {(error.strerror or str(error)).lower()}",
            hint="another deploy may be at work; `--port` names another port",
        ) from error
    Thread(target=server.serve_forever, args=(_NOTICED,), name="serving", daemon=True).start()
    try:
        yield f"http://{address}:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


class _Server(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True
