# SPDX-License-Identifier: Apache-2.0
"""Values that may be a word or something richer: `keys: site` or `keys: [ssh-ed25519 …]`.

The richer forms are told apart by their YAML type, so that an error speaks of one form only.
"""

from __future__ import annotations

from pydantic import Discriminator

_TAGS: dict[type, str] = {str: "<word>", int: "<number>", list: "<list>", dict: "<mapping>"}
_NAMES: dict[type, str] = {str: "a word", int: "a number", list: "a list", dict: "a mapping"}


def by_type(*allowed: type) -> Discriminator:
    """A discriminator between union members tagged `<word>`, `<number>`, `<list>`, `<mapping>`."""
    wanted = " or ".join(_NAMES[kind] for kind in allowed)

    def choose(value: object) -> str | None:
        return _TAGS.get(type(value)) if type(value) in allowed else None

    return Discriminator(
        choose, custom_error_type="form", custom_error_message=f"wants {wanted}", custom_error_context={}
    )
