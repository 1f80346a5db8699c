# SPDX-License-Identifier: Apache-2.0
"""Images of a real registry: pinned, fetched, kept by their digests."""

from __future__ import annotations

import gzip
import hashlib
import time
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from builder.errors import Exit, LackingError, NodebakeError, RecipeError, StaleLockError
from builder.lock.lock import Blob
from builder.registry.fetch import fetch, missing
from builder.registry.locking import lock_images
from tests.needs import needs_tool
from tests.tools.registry.conftest import AMD64, ARM64, asking
from tests.tools.registry.served import Registry, registry, tar_of

pytestmark = [pytest.mark.tools, needs_tool("docker-registry")]


@pytest.mark.parametrize(
    ("board", "platform", "layers"),
    [
        ("pi4", "linux/arm64", ["base of arm64", "top", "top"]),
        ("pizerow", "linux/arm/v6", ["base of v6", "top of v6"]),
    ],
)
def test_a_tag_becomes_an_image_for_the_board(
    board: str, platform: str, layers: list[str], served: Registry, blobs: Path
) -> None:
    (image,) = lock_images(asking(f"{served.host}/group/sim:1", board=board))
    assert (image.name, image.platform) == (f"{served.host}/group/sim:1", platform)
    told: list[int] = []
    fetch(missing([image], blobs), blobs, told.append)
    assert sum(told) == image.size
    assert missing([image], blobs) == []
    for path in blobs.iterdir():
        assert hashlib.sha256(path.read_bytes()).hexdigest() == path.name
    found = [gzip.decompress((blobs / layer.sha256).read_bytes()) for layer in image.layers]
    assert found == [tar_of(text) for text in layers]


def test_an_image_without_an_index(served: Registry, blobs: Path) -> None:
    (image,) = lock_images(asking(f"{served.host}/plain:1"))
    assert (image.platform, len(image.layers)) == ("linux/arm64", 1)


def test_images_keep_the_recipes_order(served: Registry) -> None:
    names = [f"{served.host}/plain:1", f"{served.host}/group/sim:1"]
    assert [image.name for image in lock_images(asking(*names))] == names


def test_a_tag_that_moves_is_another_image(served: Registry) -> None:
    served.image("moving", "1", ARM64, "first")
    before = lock_images(asking(f"{served.host}/moving:1"))
    assert lock_images(asking(f"{served.host}/moving:1")) == before
    served.image("moving", "1", ARM64, "second")
    assert lock_images(asking(f"{served.host}/moving:1"))[0].sha256 != before[0].sha256


def test_a_tag_that_is_not_there(served: Registry) -> None:
    image = f"{served.host}/group/sim:2"
    assert refused(RecipeError, Exit.USAGE, image).splitlines() == [
        f"recipes/x.yaml:6:5: error: registry `{served.host}` gives nobody an image `{image}`",
        f"  6 |   - docker: {{preload: [{{image: '{image}', insecure: false}}]}}",
        "    |     ^",
        "  it has none of that name and tag, or wants to know who asks",
        f"hint: `docker pull {image}` elsewhere tells whether there is one",
    ]


@pytest.mark.parametrize("name", ["amd64-alone", "amd64-index"])
def test_an_image_for_other_machines(name: str, served: Registry) -> None:
    image = served.image(name, "1", AMD64, "x")
    if name == "amd64-index":
        served.index(name, "1", image)
    error = refused(RecipeError, Exit.USAGE, f"{served.host}/{name}:1")
    assert f"error: `{served.host}/{name}:1` does not run on the recipe's boards\n" in error
    assert error.endswith(
        "  they run linux/arm64\n"
        "  it is made for linux/amd64\n"
        "hint: take another image or tag, or leave boards out"
    )


def test_a_registry_that_is_down(tmp_path: Path, blobs: Path) -> None:
    with registry(tmp_path / "r") as gone:
        gone.image("x", "1", ARM64, "x")
        (image,) = lock_images(asking(f"{gone.host}/x:1"))
    error = refused(LackingError, Exit.LACKING, f"{gone.host}/x:1")
    assert error == (
        f"error: registry `{gone.host}` cannot be reached\n"
        f"  http://{gone.host}/v2/x/manifests/1\n"
        "  ConnectionError\n"
        "hint: check the network; a registry that speaks HTTP alone wants `insecure: true`; "
        "`nodebake store import BUNDLE` does without"
    )
    with pytest.raises(LackingError, match="cannot be reached"):
        fetch(missing([image], blobs), blobs, lambda _: None)


def test_a_layer_that_has_left(served: Registry, blobs: Path) -> None:
    (image,) = lock_images(asking(f"{served.host}/plain:1"))
    lost = replace(image, layers=(Blob("0" * 64, 5),))
    with pytest.raises(StaleLockError) as caught:
        fetch(missing([lost], blobs), blobs, lambda _: None)
    assert caught.value.render() == (
        f"error: a piece of `{image.name}` has left its registry\n"
        f"  sha256:{'0' * 64}\n"
        "hint: `nodebake store import BUNDLE` brings it back where there is a bundle; "
        "`nodebake lock RECIPE --update` takes the image that is there now"
    )


def test_the_cache_of_the_head_serves_what_is_away(served: Registry, tmp_path: Path, blobs: Path) -> None:
    """As `overlays/head-registry` sets it up; only where it listens and keeps its data is another place."""
    overlay = Path(__file__).parents[3] / "overlays/head-registry/etc/docker/registry/config.yml"
    config = overlay.read_text().replace("/var/lib/docker-registry", "@root@")
    config = config.replace("{{ head_address }}:5000", "@addr@")
    with ExitStack() as outside:
        upstream = outside.enter_context(registry(tmp_path / "up"))
        upstream.image("group/x", "1", ARM64, "one", "two")
        config = config.replace("{{ registry_upstream }}", f"http://{upstream.host}")
        with registry(tmp_path / "cache", config) as cache:
            (image,) = lock_images(asking(f"{cache.host}/group/x:1"))
            first = tmp_path / "first"
            first.mkdir()
            fetch(missing([image], first), first, lambda _: None)
            # It answers first and keeps what it answered afterwards.
            kept = tmp_path / "cache/data/docker/registry/v2/blobs/sha256"
            await_files(kept / blob.sha256[:2] / blob.sha256 / "data" for blob in image.blobs)
            outside.close()
            fetch(missing([image], blobs), blobs, lambda _: None)
            assert {path.name for path in blobs.iterdir()} == {blob.sha256 for blob in image.blobs}


def await_files(paths: Iterable[Path]) -> None:
    end = time.monotonic() + 20
    for path in paths:
        while not path.exists():
            assert time.monotonic() < end, path
            time.sleep(0.05)


def refused(kind: type[NodebakeError], exit: Exit, image: str) -> str:
    with pytest.raises(NodebakeError) as caught:
        lock_images(asking(image))
    assert type(caught.value) is kind
    assert caught.value.exit == exit
    return caught.value.render()
