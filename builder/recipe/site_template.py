# SPDX-License-Identifier: Apache-2.0
"""The text of a fresh site.yaml, for `nodebake init`."""

from __future__ import annotations

import json
from collections.abc import Sequence

_TEXT = """\
# What belongs to this place only; git ignores this file. Every key: docs/reference/recipe.md
format: 1

# Who may log in: users of recipes that say `keys: site`.
authorized_keys:@keys@

# The base of recipes that name none.
base: @base@

# Mirrors by archive word. A plain URI is used for building and in the image; with `uri:` alone the
# image keeps naming the public host.
# archives:
#   debian: {uri: "http://mirror.example.org/debian"}

locale:
  lang: @lang@
  timezone: @timezone@
  # keyboard: us

# Time servers; Debian's pool when there are none.
ntp: @ntp@

# Where there is no cluster.yaml: a file of lines `NUMBER MAC`, from which nodes take their names.
# mac_table: mac_nodes

# Secrets are references; they are read when a card is flashed and never baked in.
# wifi: {ssid: name, country: DE, psk: {secret: wifi_psk}}
# secrets:
#   wifi_psk: {file: /path/outside/of/git}
"""


def site_template(
    keys: Sequence[str] = (),
    *,
    base: str = "debian",
    lang: str = "C.UTF-8",
    timezone: str = "Etc/UTC",
    ntp: Sequence[str] = (),
) -> str:
    """A commented site.yaml that says these things."""
    listed = "".join(f"\n  - {_quoted(key)}" for key in keys) or " []"
    values = {
        "keys": listed,
        "base": _quoted(base),
        "lang": _quoted(lang),
        "timezone": _quoted(timezone),
        "ntp": f"[{', '.join(_quoted(server) for server in ntp)}]",
    }
    text = _TEXT
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    return text


def _quoted(text: str) -> str:
    """A JSON string, which is a YAML string."""
    return json.dumps(text, ensure_ascii=False)
