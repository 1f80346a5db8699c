# SPDX-License-Identifier: Apache-2.0
"""Registries that want to know who asks, that lie, that never end, or send on to somebody else."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
import requests
from requests.adapters import BaseAdapter

from builder.errors import Exit, LackingError, NodebakeError, RecipeError, RefusedError
from builder.lock.lock import Blob, LockedImage
from builder.registry.fetch import fetch, missing
from builder.registry.locking import lock_images
from builder.registry.registry import MOST, Registry, session
from tests.tools.registry.conftest import asking
from tests.tools.registry.served import OF_OCI

pytestmark = pytest.mark.tools

INDEX, MANIFEST, CONFIG, LAYER = OF_OCI
TOKEN = "for-anybody"


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def descriptor(kind: str, data: bytes) -> dict[str, object]:
    return {"mediaType": kind, "digest": f"sha256:{digest(data)}", "size": len(data)}


@dataclass
class Strange:
    """What a server answers: path → status, headers, body; `challenge` to who has no token."""

    host: str = ""
    answers: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)
    challenge: str = ""
    asked: list[str] = field(default_factory=list)
    authorised: list[str | None] = field(default_factory=list)

    def put(self, path: str, data: bytes, kind: str = "", status: int = 200) -> None:
        self.answers[path] = (status, {"Content-Type": kind} if kind else {}, data)

    def image(self) -> str:
        """A sound image `x:1`; its name."""
        layer, config = b"a layer", json.dumps({"os": "linux", "architecture": "arm64"}).encode()
        manifest = json.dumps(
            {"config": descriptor(CONFIG, config), "layers": [descriptor(LAYER, layer)]}
        ).encode()
        row = {**descriptor(MANIFEST, manifest), "platform": {"os": "linux", "architecture": "arm64"}}
        self.put("/v2/x/manifests/1", json.dumps({"manifests": [row]}).encode(), INDEX)
        self.put(f"/v2/x/manifests/sha256:{digest(manifest)}", manifest, MANIFEST)
        for blob in (config, layer):
            self.put(f"/v2/x/blobs/sha256:{digest(blob)}", blob)
        return f"{self.host}/x:1"

    def path_of(self, kind: str) -> str:
        """The path of the answer with a word in it, after its index."""
        return next(path for path, (_, _, body) in self.answers.items() if kind.encode() in body[:40])


@pytest.fixture
def strange() -> Iterator[Strange]:
    told = Strange()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            told.asked.append(self.path)
            told.authorised.append(self.headers.get("Authorization"))
            authorised = self.headers.get("Authorization") == f"Bearer {TOKEN}"
            status, headers, body = told.answers.get(path, (404, {}, b""))
            if told.challenge and path.startswith("/v2/") and not authorised:
                status, headers, body = 401, {"WWW-Authenticate": told.challenge}, b""
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            with suppress(OSError):
                self.wfile.write(body)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        told.host = f"127.0.0.1:{server.server_port}"
        yield told
        server.shutdown()
        thread.join()


def test_who_asks_is_nobody_and_gets_a_token(strange: Strange, blobs: Path) -> None:
    image = strange.image()
    strange.challenge = (
        f'Bearer realm="http://{strange.host}/token",service="it",scope="repository:x:pull,push"'
    )
    strange.put("/token", json.dumps({"token": TOKEN, "expires_in": 60}).encode())
    locked = lock_images(asking(image))
    fetch(missing(locked, blobs), blobs, lambda _: None)
    assert len(list(blobs.iterdir())) == 2
    assert [asked for asked in strange.asked if asked.startswith("/token")] == [
        "/token?scope=repository%3Ax%3Apull%2Cpush&service=it",
    ] * 2


def test_passwords_of_the_user_are_not_sent(
    strange: Strange, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    lock_images(asking(strange.image()))
    assert strange.authorised == [None, None, None]


def test_a_token_that_is_no_use(strange: Strange) -> None:
    image = strange.image()
    strange.challenge = f'Bearer realm="http://{strange.host}/token"'
    strange.put("/token", json.dumps({"access_token": "another"}).encode())
    assert f"gives nobody an image `{image}`" in refused(RecipeError, Exit.USAGE, image)
    strange.put("/token", b"", status=403)
    assert f"gives nobody an image `{image}`" in refused(RecipeError, Exit.USAGE, image)
    # An image is not gone because whoever gives tokens is busy.
    strange.put("/token", b"", status=429)
    assert refused(LackingError, Exit.LACKING, image) == (
        f"error: registry `{strange.host}` answers 429\n"
        f"  http://{strange.host}/token?scope=repository%3Ax%3Apull\n"
        "  Too Many Requests"
    )
    strange.put("/token", b"[]")
    assert refused(NodebakeError, Exit.FAILED, image) == (
        f"error: the tokens of registry `{strange.host}` cannot be read\n"
        f"  http://{strange.host}/token?scope=repository%3Ax%3Apull"
    )


def test_one_that_wants_a_password(strange: Strange) -> None:
    strange.challenge = 'Basic realm="who"'
    assert refused(RefusedError, Exit.REFUSED, strange.image()) == (
        f"error: registry `{strange.host}` wants a password\n"
        "  it asks for `Basic`\n"
        "hint: only images that anybody may have are fetched; of others, make an archive: "
        "`docker save`, and `preload: [ARCHIVE.tar]`"
    )


@pytest.mark.parametrize(("what", "begin"), [("the manifest", '{"config"'), ("the config", '{"os"')])
def test_other_bytes_than_the_digest_says(what: str, begin: str, strange: Strange) -> None:
    image = strange.image()
    path = strange.path_of(begin)
    status, headers, body = strange.answers[path]
    strange.answers[path] = (status, headers, body + b" ")
    assert refused(NodebakeError, Exit.FAILED, image) == (
        f"error: {what} of `{image}` is not what its digest says\n"
        f"  sha256 asked for {digest(body)}\n"
        f"  sha256 received  {digest(body + b' ')}\n"
        "hint: the registry or something on the way changed it"
    )


@pytest.mark.parametrize(
    ("body", "fact"),
    [
        (b"A LAYER", f"sha256 received    {digest(b'A LAYER')}"),
        (b"a layer" * 100_000, "the lock has 7 bytes, more were received"),
        (b"", f"sha256 received    {digest(b'')}"),
    ],
)
def test_other_bytes_than_the_lock_says(body: bytes, fact: str, strange: Strange, blobs: Path) -> None:
    strange.put(f"/v2/x/blobs/sha256:{digest(b'a layer')}", body)
    config = Blob(digest(b"{}"), 2)
    strange.put(f"/v2/x/blobs/sha256:{config.sha256}", b"{}")
    image = LockedImage(
        f"{strange.host}/x:1", "linux/arm64", "1" * 64, config, (Blob(digest(b"a layer"), 7),)
    )
    with pytest.raises(NodebakeError) as caught:
        fetch(missing([image], blobs), blobs, lambda _: None)
    assert caught.value.message == f"a piece of `{image.name}` is not what the lock names"
    assert caught.value.facts[-1] == fact
    assert caught.value.hint == "the registry or something on the way changed it; nothing of it was kept"
    assert [path.name for path in blobs.iterdir()] == [config.sha256]


def test_what_is_no_image(strange: Strange) -> None:
    strange.put("/v2/x/manifests/1", b"{}", "text/html; charset=utf-8")
    assert refused(NodebakeError, Exit.FAILED, f"{strange.host}/x:1") == (
        f"error: what registry `{strange.host}` says of `{strange.host}/x:1` cannot be used\n"
        "  it is of the kind `text/html`"
    )


def test_more_than_a_manifest_can_be(strange: Strange) -> None:
    strange.put("/v2/x/manifests/1", b" " * (MOST + 1), INDEX)
    assert refused(NodebakeError, Exit.FAILED, f"{strange.host}/x:1") == (
        f"error: registry `{strange.host}` gives more than a manifest can be\n"
        f"  http://{strange.host}/v2/x/manifests/1"
    )


def test_one_that_is_overloaded(strange: Strange) -> None:
    strange.put("/v2/x/manifests/1", b"", status=503)
    assert refused(LackingError, Exit.LACKING, f"{strange.host}/x:1") == (
        f"error: registry `{strange.host}` answers 503\n"
        f"  http://{strange.host}/v2/x/manifests/1\n"
        "  Service Unavailable"
    )


class Elsewhere(BaseAdapter):
    """The world outside of this machine, which no test asks: one answer to all that is asked by TLS."""

    def __init__(self, status: int = 200, **headers: str) -> None:
        super().__init__()
        self.status, self.headers = status, headers
        self.asked: list[str] = []

    def send(self, request: requests.PreparedRequest, *args: object, **more: object) -> requests.Response:
        self.asked.append(str(request.url))
        answer = requests.Response()
        answer.status_code, answer.url, answer.request = self.status, str(request.url), request
        if answer.url.startswith("https:"):
            answer.headers.update(self.headers)
        else:
            answer.status_code = 200
        answer.raw = io.BytesIO(b"{}")
        return answer

    def close(self) -> None:
        pass


def ask(host: str, world: Elsewhere, *, insecure: bool = False) -> list[str]:
    """Ask a registry for a manifest; the URLs that were asked."""
    with session() as opened:
        opened.mount("http://", world)
        opened.mount("https://", world)
        Registry(host, insecure, opened).manifest("library/x", "1")
    return world.asked


def test_by_tls_unless_the_recipe_says_so() -> None:
    assert ask("docker.io", Elsewhere()) == ["https://registry-1.docker.io/v2/library/x/manifests/1"]
    assert ask("r.example.org", Elsewhere()) == ["https://r.example.org/v2/library/x/manifests/1"]
    assert ask("10.42.0.250:5000", Elsewhere(), insecure=True) == [
        "http://10.42.0.250:5000/v2/library/x/manifests/1"
    ]
    assert ask("localhost:5000", Elsewhere())[0].startswith("http://localhost:5000/")


def test_one_that_sends_on_to_a_place_without_tls() -> None:
    with pytest.raises(RefusedError) as caught:
        ask("r.example.org", Elsewhere(307, Location="http://evil.example.org/x"))
    assert caught.value.render() == (
        "error: registry `r.example.org` sends on to a place without TLS\n  http://evil.example.org/x"
    )


def test_tokens_are_not_asked_for_without_tls() -> None:
    with pytest.raises(RefusedError, match="wants a password"):
        ask(
            "r.example.org",
            Elsewhere(401, **{"WWW-Authenticate": 'Bearer realm="http://evil.example.org/token"'}),
        )


def refused(kind: type[NodebakeError], exit: Exit, image: str) -> str:
    with pytest.raises(NodebakeError) as caught:
        lock_images(asking(image))
    assert type(caught.value) is kind
    assert caught.value.exit == exit
    return caught.value.render().partition("recipes/x.yaml:6:5: ")[2] or caught.value.render()
