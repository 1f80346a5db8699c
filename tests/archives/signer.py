# SPDX-License-Identifier: Apache-2.0
"""Keys that a test makes, and what they sign."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

TOOLS = ("gpg", "gpgconf")


@dataclass(frozen=True)
class Signer:
    """gpg with keys of its own, which lie in `home`. Digests as gpg names them."""

    home: Path

    @property
    def keyring(self) -> Path:
        """Where `make_key` leaves the public half of what it made."""
        return self.home / "keyring.gpg"

    def gpg(self, *words: str, at: int | None = None) -> str:
        clock = ["--faked-system-time", str(at)] if at else []
        argv = ["gpg", "--homedir", str(self.home), "--batch", "--yes", "--quiet", *clock, *words]
        return subprocess.run(argv, check=True, capture_output=True, text=True).stdout

    def make_key(
        self, name: str = "a", *, digest: str = "SHA512", days: int = 0, at: int | None = None
    ) -> None:
        """A key that vouches for itself with `digest`."""
        expires = f"{days}d" if days else "never"
        made = ("--passphrase", "", "--cert-digest-algo", digest, "--quick-gen-key", name, "ed25519", "sign")
        self.gpg(*made, expires, at=at)
        self.export()

    def sign_anew(self, digest: str = "SHA512") -> None:
        """Have the one key vouch for itself again; its former word stays in the key ring."""
        self.gpg("--cert-digest-algo", digest, "--quick-set-expire", self.fingerprint(), "never")
        self.export()

    def export(self) -> None:
        self.gpg("--export", "--output", str(self.keyring))

    def armoured(self) -> bytes:
        return self.gpg("--export", "--armor").encode()

    def fingerprint(self) -> str:
        """Of the first key."""
        rows = (line.split(":") for line in self.gpg("--list-keys", "--with-colons").splitlines())
        return next(row[9] for row in rows if row[0] == "fpr")

    def clearsign(self, source: Path, target: Path, *words: str, at: int | None = None) -> None:
        self.gpg(*words, "--clearsign", "--output", str(target), str(source), at=at)


@contextmanager
def signer() -> Iterator[Signer]:
    """A signer without keys."""
    # A path of its own, because the agent's socket lies in it and may be no longer than 108 bytes.
    with TemporaryDirectory(prefix="nodebake-gpg-", dir="/tmp") as home:
        yield Signer(Path(home))
        # gpg starts an agent for these keys that would stay.
        subprocess.run(["gpgconf", "--homedir", home, "--kill", "gpg-agent"], check=False)
