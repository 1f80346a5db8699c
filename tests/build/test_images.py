# SPDX-License-Identifier: Apache-2.0
"""Images of registries as archives in the tree: what docker reads, the same bytes for the same image."""

from __future__ import annotations

import hashlib
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from builder.build.staff import worker_for
from builder.build.workshop import Workshop, machine
from builder.errors import NodebakeError
from builder.host.identity import id_map
from builder.store.store import Store
from tests.build.small import HELPER, step, tools_deb
from tests.needs import needs_tool

pytestmark = [pytest.mark.build, needs_tool("dpkg-deb", "unshare")]

NAME = "docker.io/library/sim:1"
ARCHIVE = "usr/share/nodebake/images/docker.io_library_sim_1.tar"
CONFIG, BASE, TOP = b'{"os": "linux"}', b"a layer" * 1000, b"the top"


def piece(data: bytes) -> dict[str, Any]:
    return {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}


# The same layer twice, as `RUN true` twice makes it.
IMAGE = {
    "name": NAME,
    "sha256": "1" * 64,
    "config": piece(CONFIG),
    "layers": [piece(BASE), piece(TOP), piece(TOP)],
}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store.open(tmp_path / "store", id_map().root)
    for data in (CONFIG, BASE, TOP):
        store.blob(hashlib.sha256(data).hexdigest()).write_bytes(data)
    return store


def built(store: Store, folder: Path, *epochs: int) -> list[Path]:
    """The step for each epoch; where their trees are."""
    digest = tools_deb(folder / "tools", store.debs)
    found = []
    with worker_for(machine(), Workshop(store, id_map(), machine(), 1), {"project": folder}) as worker:
        worker.ask({"build": step("helper", HELPER, {"debs": [digest], "merged_usr": True})})
        for n, epoch in enumerate(epochs):
            order = step("images", str(n) * 64, {"images": [IMAGE]}, [], HELPER)
            worker.ask({"build": {**order, "inputs": {**order["inputs"], "epoch": epoch}}})
            found.append(store.delta(order["id"]))
    return found


def test_an_archive_that_docker_loads(store: Store, tmp_path: Path) -> None:
    (tree,) = built(store, tmp_path, 1000)
    with tarfile.open(tree / ARCHIVE, "r:") as tar:
        found = {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]
    (listed,) = json.loads(found.pop("manifest.json"))
    assert listed["RepoTags"] == [NAME]
    assert found[listed["Config"]] == CONFIG
    assert [found[layer] for layer in listed["Layers"]] == [BASE, TOP, TOP]
    assert sorted(found) == sorted({listed["Config"], *listed["Layers"]})
    assert (tree / f"{ARCHIVE}.id").read_text() == f"{'1' * 64}\n"
    assert [oct((tree / path).stat().st_mode)[-3:] for path in (ARCHIVE, f"{ARCHIVE}.id")] == ["644", "644"]


def test_the_same_bytes_whatever_the_date(store: Store, tmp_path: Path) -> None:
    one, other = built(store, tmp_path, 1000, 2000)
    assert (one / ARCHIVE).read_bytes() == (other / ARCHIVE).read_bytes()


def test_a_piece_that_is_damaged(store: Store, tmp_path: Path) -> None:
    sha256 = hashlib.sha256(BASE).hexdigest()
    store.blob(sha256).write_bytes(b"x" * len(BASE))
    with pytest.raises(NodebakeError) as caught:
        built(store, tmp_path, 1000)
    assert caught.value.message == f"blob {sha256[:12]} of the store is damaged"
    assert caught.value.facts[0] == "its content has changed"
    assert caught.value.hint == "nodebake store verify --repair"
