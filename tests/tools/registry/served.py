# SPDX-License-Identifier: Apache-2.0
"""A real registry on loopback, and small images that are pushed to it."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import socket
import subprocess
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

OCI = "application/vnd.oci.image"
DOCKER = "application/vnd.docker"
_PATIENCE = 20  # seconds

Kinds = tuple[str, str, str, str]
"""Media types of an index, a manifest, a config and a layer."""
OF_OCI: Kinds = (
    f"{OCI}.index.v1+json",
    f"{OCI}.manifest.v1+json",
    f"{OCI}.config.v1+json",
    f"{OCI}.layer.v1.tar+gzip",
)
OF_DOCKER: Kinds = (
    f"{DOCKER}.distribution.manifest.list.v2+json",
    f"{DOCKER}.distribution.manifest.v2+json",
    f"{DOCKER}.container.image.v1+json",
    f"{DOCKER}.image.rootfs.diff.tar.gzip",
)


@dataclass(frozen=True)
class Registry:
    """One that answers at `host`, 127.0.0.1:PORT."""

    host: str

    def blob(self, repository: str, data: bytes) -> dict[str, Any]:
        """Push a blob; the part of its descriptor that follows from its bytes."""
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        begun = requests.post(f"http://{self.host}/v2/{repository}/blobs/uploads/", timeout=_PATIENCE)
        begun.raise_for_status()
        where = begun.headers["Location"]
        joint = "&" if "?" in where else "?"
        requests.put(f"{where}{joint}digest={digest}", data=data, timeout=_PATIENCE).raise_for_status()
        return {"digest": digest, "size": len(data)}

    def manifest(self, repository: str, reference: str, kind: str, content: dict[str, Any]) -> dict[str, Any]:
        """Push a manifest under a tag, or by its digest where that is empty; its descriptor."""
        data = json.dumps({"schemaVersion": 2, "mediaType": kind, **content}).encode()
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        requests.put(
            f"http://{self.host}/v2/{repository}/manifests/{reference or digest}",
            data=data,
            headers={"Content-Type": kind},
            timeout=_PATIENCE,
        ).raise_for_status()
        return {"mediaType": kind, "digest": digest, "size": len(data)}

    def image(
        self, repository: str, tag: str, platform: dict[str, str], *texts: str, kinds: Kinds = OF_OCI
    ) -> dict[str, Any]:
        """Push an image of a layer for each text; its descriptor in an index."""
        tars = [tar_of(text) for text in texts]
        layers = [
            {"mediaType": kinds[3], **self.blob(repository, gzip.compress(tar, mtime=0))} for tar in tars
        ]
        digests = [f"sha256:{hashlib.sha256(tar).hexdigest()}" for tar in tars]
        config = {**platform, "config": {}, "rootfs": {"type": "layers", "diff_ids": digests}}
        pushed = {"mediaType": kinds[2], **self.blob(repository, json.dumps(config).encode())}
        found = self.manifest(repository, tag, kinds[1], {"config": pushed, "layers": layers})
        return {**found, "platform": platform}

    def index(self, repository: str, tag: str, *images: dict[str, Any], kinds: Kinds = OF_OCI) -> None:
        """Push an index of images."""
        self.manifest(repository, tag, kinds[0], {"manifests": list(images)})


def tar_of(text: str) -> bytes:
    """A layer with one file, which says `text`."""
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        header = tarfile.TarInfo("said")
        header.size = len(text)
        tar.addfile(header, io.BytesIO(text.encode()))
    return sink.getvalue()


@contextmanager
def registry(folder: Path, config: str = "") -> Iterator[Registry]:
    """docker-registry while the body runs; in `config`, @root@ is where its data are, @addr@ its address."""
    host = f"127.0.0.1:{_free_port()}"
    text = config or (
        "version: 0.1\nlog: {level: error}\nstorage: {filesystem: {rootdirectory: @root@}}\n"
        "http: {addr: '@addr@'}\n"
    )
    (folder / "data").mkdir(parents=True)
    (folder / "config.yml").write_text(text.replace("@root@", str(folder / "data")).replace("@addr@", host))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            ["docker-registry", "serve", folder / "config.yml"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        try:
            _await(host, process, folder / "log")
            yield Registry(host)
        finally:
            process.kill()
            process.wait()


def _await(host: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end and process.poll() is None:
        try:
            if requests.get(f"http://{host}/v2/", timeout=1).ok:
                return
        except requests.RequestException:
            time.sleep(0.05)
    raise AssertionError(f"no registry came up at {host}: {log.read_text()}")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
