# SPDX-License-Identifier: Apache-2.0
"""docs/reference/power.md, made from the models of the drivers and of what stands beside them."""

from __future__ import annotations

import inspect

from builder.power.kind import kinds
from builder.power.power_file import PowerModel
from builder.recipe.model_tables import model_tables

_HEAD = """\
<!-- SPDX-License-Identifier: Apache-2.0 -->
<!-- Made from the models by builder/power/reference.py; a test keeps it so. -->
# Power: everything under `power:` of `cluster.yaml`

Every key but `sequence` and `log` names an entry: a driver with its settings. Nodes name an entry as
their `power`, mostly under `defaults:`; the head names the one that switches the mains of the whole module.

    power:
      bladerunner: {driver: bladerunner, url: "ws://10.42.0.250:1236"}
      mains: {driver: homematic, url: "http://192.168.1.112:2001", channel: "LEQ1234567:1"}
      log: {unit: dnsmasq, on_head: true}
      sequence: {stagger: 2, batch: 1}

`nodebake nodes check` tells what is wrong with it, at its place.
"""

_SOCKETS = {
    "nodes": "Switches nodes, by their numbers; not the mains.",
    "one": "Switches one thing, a node or the mains: only one of them may name an entry.",
    "any": "Switches nodes and the mains.",
}


def markdown() -> str:
    """The whole page."""
    parts = [_HEAD, "## Beside the drivers\n", *model_tables(PowerModel), "## Drivers\n"]
    for kind in kinds():
        module_doc = inspect.getdoc(inspect.getmodule(kind.model)) or ""
        summary = module_doc.splitlines()[0].partition("`: ")[2]
        parts += [
            f"### `{kind.name}`\n",
            f"{summary[0].upper()}{summary[1:]} {_SOCKETS[kind.sockets]}\n",
            *model_tables(kind.model),
        ]
    return "\n".join(parts)
