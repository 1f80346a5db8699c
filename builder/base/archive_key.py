# SPDX-License-Identifier: Apache-2.0
"""The key of an archive for which Debian ships none: is it the right one, and will apt take it?

The bytes come from the site. What is handed on is the one pinned key and nothing else of the key ring,
for every further key would be one more that may sign what nodes install.
"""

from __future__ import annotations

from builder.base.archives import PublicArchive
from builder.base.openpgp import Key, keys
from builder.errors import NodebakeError, Place, RecipeError, RefusedError

# What Sequoia's policy, by which apt of trixie judges, still takes.
_SOUND = {"SHA-256", "SHA-384", "SHA-512", "SHA3-256", "SHA3-512"}


def pinned_key(
    raw: bytes, word: str, archive: PublicArchive, fingerprint: str, place: Place | None
) -> bytes | NodebakeError:
    """The key with this fingerprint out of the key ring `raw`, or why it is not to be used."""
    try:
        found = keys(raw)
    except ValueError as error:
        message = f"the keyring of archive `{word}` cannot be read"
        return RecipeError(message, facts=[str(error)], hint=_get(archive), place=place)
    for key in found:
        if key.fingerprint == fingerprint:
            return _weakness(key, word, archive, place) or key.raw
    return RefusedError(
        f"the keyring of archive `{word}` does not hold the archive's key",
        facts=[f"pinned {fingerprint}", *(f"found  {key.fingerprint}" for key in found)],
        hint=f"{_get(archive)}; a site that signs a copy of its own names its key by `fingerprint:`",
        place=place,
    )


def _weakness(key: Key, word: str, archive: PublicArchive, place: Place | None) -> NodebakeError | None:
    if key.digests & _SOUND:
        return None
    if not key.digests:
        return RefusedError(
            f"the key of archive `{word}` does not vouch for itself",
            facts=[f"key {key.fingerprint}", "it has no self-signature, and apt takes no such key"],
            hint=_get(archive),
            place=place,
        )
    digests = " and ".join(sorted(key.digests))
    return RefusedError(
        f"the key of archive `{word}` vouches for itself with {digests} only",
        facts=[
            f"key {key.fingerprint}",
            f"self-signatures: {digests}; since 2026-02-01 apt of Debian 13 (sqv) refuses such a key",
        ],
        hint=f"the same key was signed anew: {_get(archive)}",
        place=place,
    )


def _get(archive: PublicArchive) -> str:
    return f"get it from {archive.key_from}"
