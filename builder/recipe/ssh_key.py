# SPDX-License-Identifier: Apache-2.0
"""Public ssh keys and password hashes: what looks right, and what must never be here."""

from __future__ import annotations

import base64
import binascii
import re

from builder.errors import Place, RecipeError
from builder.recipe.document import unquoted

_TYPES = (
    "ssh-ed25519",
    "ssh-rsa",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
)
_KEY = re.compile(rf"(?:^|\s)({'|'.join(re.escape(kind) for kind in _TYPES)})\s+(\S+)")
_HASH = re.compile(
    r"\$y\$[./A-Za-z0-9]+\$[./A-Za-z0-9]*\$[./A-Za-z0-9]{43}|\$6\$[^$:\s]{1,40}(\$[^$:\s]+)?\$?[./A-Za-z0-9]{86}"
)
_FORM = "a public key looks like `ssh-ed25519 AAAA… name`"


class KeyFault(Exception):
    """What is wrong with a key. When it is `secret`, nothing of it may be shown."""

    def __init__(self, message: str, hint: str, secret: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.secret = secret

    def error(self, place: Place) -> RecipeError:
        """As an error at a place, whose line is not quoted when it is secret."""
        shown = unquoted(place) if self.secret else place
        return RecipeError(self.message, place=shown, hint=self.hint)


def public_key(line: str) -> str:
    """`line` without blanks around it, when it is a line of authorized_keys."""
    if "PRIVATE KEY" in line:
        hint = "take it out here, give the content of the `.pub` file, and make a new key if this was shared"
        raise KeyFault("this is a private key", hint, secret=True)
    text = line.strip()
    if "\n" in text:
        raise KeyFault("one key a line, please", _FORM)
    match = _KEY.search(text)
    if not match:
        raise KeyFault("this is no public ssh key: it names no type that sshd accepts", _FORM)
    kind, body = match[1], match[2]
    try:
        blob = base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        raise KeyFault("the key's second word is not base64", "copy the whole line again") from None
    length = int.from_bytes(blob[:4], "big")
    if len(blob) <= 4 + length or blob[4 : 4 + length] != kind.encode():
        raise KeyFault(f"the key is damaged: it does not hold a `{kind}`", "copy the whole line again")
    return text


def is_password_hash(text: str) -> bool:
    """Whether `text` looks like what crypt makes, by yescrypt or SHA-512."""
    return bool(_HASH.fullmatch(text))
