# SPDX-License-Identifier: Apache-2.0
"""Words with `{number}`, `{name}` and `{mac}` in them, as drivers hand them to programs."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

from builder.power.outlet import Outlet, PowerError

KEYS = ("number", "name", "mac")
_BRACES = re.compile(r"\{([^{}]*)\}")


def check(word: str) -> str:
    """`word`, whose braces hold known keys; ValueError says which does not."""
    for key in _BRACES.findall(word):
        if key not in KEYS:
            known = ", ".join(f"`{{{each}}}`" for each in KEYS)
            raise ValueError(f"`{{{key}}}` stands for nothing; there are {known}")
    return word


Words = Annotated[str, AfterValidator(check)]


def fill(word: str, outlet: Outlet) -> str:
    """`word` for one outlet. Raises PowerError when it wants a MAC address that is not known."""
    if "{mac}" in word and not outlet.mac:
        raise PowerError(f"`{outlet.name}` has no MAC address, which `{word}` wants")
    values = {"number": str(outlet.number), "name": outlet.name, "mac": outlet.mac}
    return _BRACES.sub(lambda match: values[match[1]], word)
