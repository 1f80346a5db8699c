# SPDX-License-Identifier: Apache-2.0
"""Whether a manifest was signed by a key that this head trusts (`ssh-keygen -Y`)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from builder.errors import NodebakeError, RefusedError, unproven
from builder.head.ground import machine
from builder.head.ground.layout import Layout

NAMESPACE = "nodebake-release"


@dataclass(frozen=True)
class Signed:
    """A manifest as it was signed, byte by byte, and by whom."""

    signer: str
    manifest: bytes
    signature: bytes


def verify(layout: Layout, folder: Path) -> Signed:
    """Check `manifest.json` of a folder against `manifest.json.sig`. Raises RefusedError.

    Whoever brought them may still write there: what counts from here on are the bytes that were checked.
    """
    manifest, signature = folder / "manifest.json", folder / "manifest.json.sig"
    if not layout.signers.exists():
        raise RefusedError(
            "this head trusts no key yet",
            facts=[f"there is no `{layout.signers}`"],
            hint=f"put your project's there: install -D -m 644 release_signers {layout.signers}",
        )
    if not signature.exists():
        raise RefusedError(
            f"the release in `{folder}` is not signed",
            hint="`nodebake key new` makes a key; `nodebake publish` signs with it",
        )
    data = manifest.read_bytes()
    signer = _signer(layout, signature)
    argv = ["ssh-keygen", "-Y", "verify", "-f", str(layout.signers), "-I", signer, "-n", NAMESPACE]
    argv += ["-s", str(signature), *(["-r", str(layout.revoked)] if layout.revoked.exists() else [])]
    done = machine.run(argv, stdin=data, check=False)
    if done.code:
        raise _refused(folder, done)
    return Signed(signer, data, signature.read_bytes())


def _signer(layout: Layout, signature: Path) -> str:
    """Whose key made the signature, among those that are trusted now."""
    argv = ["ssh-keygen", "-Y", "find-principals", "-s", str(signature), "-f", str(layout.signers)]
    done = machine.run(argv, check=False)
    if done.code or not done.stdout.strip():
        raise _refused(signature.parent, done)
    return done.stdout.decode().splitlines()[0].strip()


def _refused(folder: Path, done: machine.Finished) -> NodebakeError:
    return unproven(f"the release in `{folder}`", done.told)
