# SPDX-License-Identifier: Apache-2.0
"""A registry as anybody may use it, by the distribution API of the OCI: manifests and blobs, read only.

Where one wants to know who asks, it names an issuer of tokens in its answer, and that gives anybody one for
what anybody may read. Passwords are never asked for nor sent.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from builder.archive.keep import CHUNK, TIMEOUT
from builder.errors import LackingError, NodebakeError, RefusedError
from builder.recipe.docker_image import HUB

if TYPE_CHECKING:
    import requests

INDEXES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
MANIFESTS = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
MOST = 4 << 20
"""Bytes of a manifest, of a config, or of an answer with a token."""
_ABSENT = (401, 403, 404, 410)
_FIELD = re.compile(r'(\w+)="([^"]*)"')
_ADDRESSES = {HUB: "registry-1.docker.io"}


class AbsentError(Exception):
    """The registry gives nobody what was asked for. Whether it has it, not every registry tells."""


@dataclass
class Registry:
    """A registry by docker's name for it. An `insecure` one speaks HTTP; one on this machine does, too."""

    host: str
    insecure: bool
    session: requests.Session
    _tokens: dict[str, str] = field(default_factory=dict)

    @property
    def plain(self) -> bool:
        """Whether HTTP without TLS will do."""
        return self.insecure or _on_this_machine(self.host)

    def manifest(self, repository: str, reference: str) -> tuple[str, bytes]:
        """Media type and bytes of a manifest, by tag or by digest."""
        accepted = ", ".join((*INDEXES, *MANIFESTS))
        with self._get(repository, f"manifests/{reference}", accepted) as answer:
            return answer.headers.get("Content-Type", "").partition(";")[0].strip(), self._all(answer)

    def small(self, repository: str, sha256: str) -> bytes:
        """A blob that is no layer."""
        with self._get(repository, f"blobs/sha256:{sha256}") as answer:
            return self._all(answer)

    def chunks(self, repository: str, sha256: str) -> Iterator[bytes]:
        """A blob, piece by piece as it comes."""
        with self._get(repository, f"blobs/sha256:{sha256}") as answer:
            yield from answer.iter_content(CHUNK)

    @contextmanager
    def _get(self, repository: str, what: str, accept: str = "*/*") -> Iterator[requests.Response]:
        """The answer to a question. Raises AbsentError, or NodebakeError for a registry that is of no use."""
        import requests

        scheme = "http" if self.plain else "https"
        url = f"{scheme}://{_ADDRESSES.get(self.host, self.host)}/v2/{repository}/{what}"
        try:
            answer = self._ask(url, repository, accept)
            if answer.status_code == requests.codes.unauthorized:
                # There was no token yet, or its time is over.
                answer.close()
                self._tokens[repository] = self._token(answer, repository)
                answer = self._ask(url, repository, accept)
            with answer:
                self._require_ok(answer, url)
                self._require_tls(answer)
                yield answer
        except requests.RequestException as error:
            raise self._down(url, error) from error

    def _ask(self, url: str, repository: str, accept: str) -> requests.Response:
        # Compressed for the way, it would not be the bytes that the digest is of.
        headers = {"Accept": accept, "Accept-Encoding": "identity"}
        if token := self._tokens.get(repository):
            headers["Authorization"] = f"Bearer {token}"
        return self.session.get(url, headers=headers, stream=True, timeout=TIMEOUT)

    def _token(self, refusal: requests.Response, repository: str) -> str:
        """What the issuer gives who has no name."""
        scheme, _, rest = refusal.headers.get("WWW-Authenticate", "").partition(" ")
        told = dict(_FIELD.findall(rest)) if scheme.lower() == "bearer" else {}
        realm = told.get("realm", "")
        if not realm.startswith(("https://", "http://") if self.plain else "https://"):
            raise RefusedError(
                f"registry `{self.host}` wants a password",
                facts=[f"it asks for `{scheme or 'nothing that is known'}`"],
                hint="only images that anybody may have are fetched; of others, make an archive: "
                "`docker save`, and `preload: [ARCHIVE.tar]`",
            )
        question = {"scope": told.get("scope") or f"repository:{repository}:pull"}
        question |= {"service": told["service"]} if told.get("service") else {}
        with self.session.get(realm, params=question, stream=True, timeout=TIMEOUT) as answer:
            # Who is busy, or in trouble, has not said that nobody may read.
            self._require_ok(answer, answer.url)
            return self._read_token(answer)

    def _read_token(self, answer: requests.Response) -> str:
        try:
            told: Any = json.loads(self._all(answer))
            return str(told.get("token") or told["access_token"])
        except (ValueError, KeyError, AttributeError) as error:
            raise NodebakeError(
                f"the tokens of registry `{self.host}` cannot be read", facts=[answer.url]
            ) from error

    def _all(self, answer: requests.Response) -> bytes:
        data = b""
        for chunk in answer.iter_content(CHUNK):
            data += chunk
            if len(data) > MOST:
                raise NodebakeError(
                    f"registry `{self.host}` gives more than a manifest can be", facts=[answer.url]
                )
        return data

    def _require_ok(self, answer: requests.Response, url: str) -> None:
        """Raise AbsentError, or LackingError where it has other troubles."""
        if answer.status_code in _ABSENT:
            raise AbsentError
        if not answer.ok:
            raise LackingError(
                f"registry `{self.host}` answers {answer.status_code}", facts=[url, *_why(answer)]
            )

    def _require_tls(self, answer: requests.Response) -> None:
        """Also wherever it sent us on to."""
        places = [each.url for each in (*answer.history, answer)]
        bare = [place for place in places if not place.startswith("https:")]
        if bare and not self.plain:
            raise RefusedError(f"registry `{self.host}` sends on to a place without TLS", facts=bare)

    def _down(self, url: str, error: Exception) -> LackingError:
        return LackingError(
            f"registry `{self.host}` cannot be reached",
            facts=[url, type(error).__name__],
            hint="check the network; a registry that speaks HTTP alone wants `insecure: true`; "
            "`nodebake store import BUNDLE` does without",
        )


def session() -> requests.Session:
    """Connections of somebody without a name: what ~/.netrc has for a registry is not sent to it."""
    import requests

    opened = requests.Session()
    opened.auth = lambda request: request
    return opened


def _on_this_machine(host: str) -> bool:
    name = urlsplit(f"//{host}").hostname or ""
    try:
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _why(answer: requests.Response) -> list[str]:
    return [answer.reason] if answer.reason else []
