# SPDX-License-Identifier: Apache-2.0
"""Whether a release may be believed: its manifest by the signature, its index by the manifest.

Each block of the image is then believed by the index. All of it happens here, where the card is: who serves
the files need not be trusted.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from builder.errors import NodebakeError, RefusedError, unproven
from builder.flash.agent import machine, release
from builder.flash.agent.release import Release
from builder.flash.agent.source import Source
from builder.release import index
from builder.release.index import Index

NAMESPACE = "nodebake-release"
_LARGEST = 64 << 20


@dataclass(frozen=True)
class Trusted:
    """A release and its index; `signer` is empty where nobody has asked for a signature."""

    release: Release
    index: Index
    signer: str


def trusted(source: Source, signers: str, revoked: str, label: str) -> Trusted:
    """The release `label` that a source offers, its signature checked.

    `label` may be empty, for whatever release it is. Raises RefusedError when it is not to be believed.
    """
    signer, manifest = signed(source, signers, revoked)
    found = believed(source, manifest, signer)
    if label and found.release.label != label:
        raise RefusedError(
            f"the source has `{found.release.label}` in the place of `{label}`",
            facts=["its signature holds: somebody put another release there"],
            hint="publish the release again",
        )
    return found


def signed(source: Source, signers: str, revoked: str) -> tuple[str, bytes]:
    """Who signed the manifest of a source, and its bytes. Raises RefusedError."""
    if not Path(signers).is_file():
        raise RefusedError(
            "this machine trusts no key yet",
            facts=[f"there is no `{signers}`"],
            hint="the head hands its `allowed_signers` to each node with the node's identity",
        )
    manifest = source.small("manifest.json", _LARGEST)
    signature = source.small("manifest.json.sig", 1 << 16)
    with machine.in_memory(signature) as (descriptor, path):
        argv = ["ssh-keygen", "-Y", "find-principals", "-s", path, "-f", signers]
        asked = machine.run(argv, keep=[descriptor])
        # Of a line that it does not understand it complains elsewhere, and goes on.
        if asked.code or not asked.stdout.strip():
            raise _refused(asked)
        signer = asked.stdout.splitlines()[0].strip()
        argv = ["ssh-keygen", "-Y", "verify", "-f", signers, "-I", signer, "-n", NAMESPACE, "-s", path]
        if revoked and Path(revoked).is_file():
            argv += ["-r", revoked]
        done = machine.run(argv, stdin=manifest, keep=[descriptor])
    if done.code:
        raise _refused(done)
    return signer, manifest


def believed(source: Source, manifest: bytes, signer: str) -> Trusted:
    """The release of a manifest that is believed, with its index. Raises NodebakeError."""
    found = release.parse(manifest)
    data = source.small(found.index, min(found.index_size, _LARGEST))
    if hashlib.sha256(data).hexdigest() != found.index_sha256:
        raise RefusedError(
            f"the block index of `{found.label}` is not the one that its manifest names",
            hint="it was damaged or changed: publish the release again",
        )
    blocks = index.parse(data)
    if (blocks.image_size, blocks.image_sha256) != (found.image_size, found.image_sha256):
        raise RefusedError(f"the block index of `{found.label}` is of another image", hint="build it again")
    return Trusted(found, blocks, signer)


def _refused(done: machine.Finished) -> NodebakeError:
    return unproven("the release", done.told)
