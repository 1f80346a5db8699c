# SPDX-License-Identifier: Apache-2.0
"""What makes a card one node's, as a tar for the slot that its image keeps for that.

At the first boot the card unpacks it over its root and empties the slot. The tar depends on what is in it
alone, so that a second flash of the same finds the same.
"""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

from builder.errors import NodebakeError
from builder.flash.agent.order import Identity

SECRETS = "etc/nodebake/secrets"
FSTAB = "etc/nodebake/fstab"
"""Lines that the card appends to its /etc/fstab: the mounts over NFS of the system that flashes."""


def pack(identity: Identity, size: int) -> bytes:
    """The tar, padded to `size` bytes; zeros alone where there is nothing to hand over.

    Raises NodebakeError when it does not fit. A file that is not there is left out.
    """
    files = _found(identity)
    if not files:
        return bytes(size)
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path, (data, mode) in sorted(files.items()):
            member = tarfile.TarInfo(path)
            member.size, member.mode = len(data), mode
            tar.addfile(member, io.BytesIO(data))
    packed = sink.getvalue()
    if len(packed) > size:
        raise NodebakeError(
            "the node's identity does not fit into the slot of the image",
            facts=[f"it takes {len(packed)} bytes, the slot has {size}"],
            hint="hand over fewer or smaller secrets",
        )
    return packed.ljust(size, b"\0")


def _found(identity: Identity) -> dict[str, tuple[bytes, int]]:
    """Content and mode of each file, by path."""
    root = Path(identity.root)
    there = [path for path in identity.files if (root / path).is_file()]
    found = {path: ((root / path).read_bytes(), (root / path).stat().st_mode & 0o777) for path in there}
    if there and (lines := _mounts(root / "etc/fstab")):
        found[FSTAB] = (lines.encode(), 0o644)
    found |= {path: (text.encode(), 0o644) for path, text in identity.texts.items()}
    return found | {f"{SECRETS}/{name}": (value, 0o600) for name, value in identity.secrets.items()}


def _mounts(fstab: Path) -> str:
    if not fstab.is_file():
        return ""
    split = [(line, line.split()) for line in fstab.read_text(encoding="utf-8").splitlines()]
    mounts = [line for line, words in split if len(words) > 2 and words[2] == "nfs" and words[1] != "/"]
    return "".join(f"{line}\n" for line in mounts)
