# SPDX-License-Identifier: Apache-2.0
"""The keys of archives that site.yaml names: read, and checked against what nodebake has pinned."""

from __future__ import annotations

import re
from collections.abc import Mapping

from builder.base.archive_key import pinned_key
from builder.base.archives import PUBLIC
from builder.errors import NodebakeError, RecipeError
from builder.recipe.document import Document, read_bytes
from builder.recipe.site_file import ArchiveModel
from builder.recipe.sources import Sources


def archive_keys(
    sources: Sources,
    document: Document,
    archives: Mapping[str, str | ArchiveModel],
    problems: list[NodebakeError],
) -> dict[str, bytes]:
    """Word → key of each archive that says `keyring` and whose key is sound."""
    found = {}
    for word, given in archives.items():
        if word in PUBLIC and isinstance(given, ArchiveModel):
            key = _key(sources, document, word, given)
            if isinstance(key, bytes):
                found[word] = key
            elif key is not None:
                problems.append(key)
    return found


def _key(
    sources: Sources, document: Document, word: str, given: ArchiveModel
) -> bytes | NodebakeError | None:
    archive = PUBLIC[word]
    place = document.place(("archives", word, "keyring"))
    if given.keyring is None:
        if given.fingerprint is None:
            return None
        place = document.key(("archives", word, "fingerprint"))
        return RecipeError("a `fingerprint` is nothing without its `keyring`", place=place)
    if not archive.fingerprint:
        message = f"`{word}` takes no `keyring`: its key comes with debian-archive-keyring"
        return RecipeError(message, place=place)
    fingerprint = re.sub(r"\s", "", given.fingerprint or archive.fingerprint).upper()
    if not re.fullmatch("[0-9A-F]{40}|[0-9A-F]{64}", fingerprint):
        place = document.place(("archives", word, "fingerprint"))
        hint = f"gpg --show-keys {given.keyring}"
        return RecipeError("a fingerprint has 40 or 64 hex digits", place=place, hint=hint)
    try:
        raw = read_bytes(sources, given.keyring, place, "the keyring")
    except RecipeError as error:
        return error
    return pinned_key(raw, word, archive, fingerprint, place)
