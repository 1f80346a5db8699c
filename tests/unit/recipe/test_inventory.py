# SPDX-License-Identifier: Apache-2.0
"""What recipes see of cluster.yaml."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.errors import Problems
from tests.unit.cluster.samples import HEAD, node
from tests.unit.recipe.project import SITE, layer, recipe, texts

CLUSTER = f"{HEAD}groups: {{few: '1-2'}}\nnodes:\n{node(1)}{node(2, ', name: two')}  - {{number: 3}}\n"
OVERLAY = Path(__file__).parents[3] / "overlays/node-name"


def rendered(template: str) -> str:
    files = {"cluster.yaml": CLUSTER, "overlays/o/etc/x": template}
    body = layer("files: o", **{**files, "overlays/o/overlay.yaml": "templates: [etc/x]"})
    return texts(body)["etc/x"]


def test_templates_see_the_cluster() -> None:
    assert rendered("{{ cluster.head.address }}/{{ cluster.networks.lan.prefix }}") == "10.42.0.250/24"
    each = "{{ n.name }} {{ n.mac or '-' }} {{ n.address }} {{ n.place }}\n"
    assert rendered(f"{{% for n in cluster.nodes %}}{each}{{% endfor %}}") == (
        "node01 b8:27:eb:00:00:01 10.42.0.1 1\ntwo b8:27:eb:00:00:02 10.42.0.2 2\nnode03 - 10.42.0.3 3\n"
    )
    assert rendered("{{ cluster.networks.wifi }}") == (
        "{'name': 'wifi', 'subnet': '192.168.1.0/24', 'first': '192.168.1.105', 'wireless': True, "
        "'via_head': False, 'address': '192.168.1.0', 'netmask': '255.255.255.0', 'prefix': 24}"
    )
    assert (
        rendered("{{ cluster.groups.few }} {{ cluster.nodes[0].groups }}")
        == "['node01', 'two'] ['barA', 'few']"
    )


def test_they_see_no_settings_of_drivers() -> None:
    whole = rendered("{{ cluster }}")
    assert "'power': 'mains'" in whole
    assert "2001" not in whole


def test_strings_of_recipes_see_it_too() -> None:
    text = "locale: {ntp: ['{{ cluster.head.address }}']}"
    assert any("10.42.0.250" in body for body in texts(layer(text, **{"cluster.yaml": CLUSTER})).values())


def test_nodes_are_named_by_it() -> None:
    files = {
        "overlays/node-name/" + str(p.relative_to(OVERLAY)): p.read_text()
        for p in OVERLAY.rglob("*")
        if p.is_file()
    }
    found = recipe(
        {
            **files,
            "cluster.yaml": CLUSTER,
            "site.yaml": SITE,
            "recipes/x.yaml": "format: 1\nboards: [pi3b]\nlayers: [{files: node-name}]\n",
        }
    )
    assert texts(found.effects())["etc/nodebake/nodes"].splitlines()[2:] == [
        "1 b8:27:eb:00:00:01",
        "2 b8:27:eb:00:00:02 two",
        "",
    ]


def test_a_variable_cannot_hide_it() -> None:
    from builder.recipe.sources import DictSources
    from tests.unit.recipe.project import refusals

    text = "format: 1\nvariables: {cluster: {default: x}}\n"
    assert refusals(DictSources({"recipes/x.yaml": text})) == ["`cluster` is taken"]


VARIABLES = """\
format: 1
variables:
  address: {default: 10.0.0.1, cluster: head.address}
  few: {type: list, default: [nobody], cluster: groups.few}
layers: [{locale: {ntp: ["{{ address }}"]}}]
"""


def variables(
    text: str, settings: dict[str, str] | None = None, **files: str
) -> dict[str, tuple[object, str]]:
    """Value and source of each variable."""
    named = {name.replace("__", "."): body for name, body in files.items()}
    found = recipe({"recipes/x.yaml": text, **named}, settings)
    return {o.key: (o.value, o.source) for o in found.origins if o.key in ("address", "few")}


def test_a_variable_may_come_from_the_cluster() -> None:
    assert variables(VARIABLES, cluster__yaml=CLUSTER) == {
        "address": ("10.42.0.250", "cluster.yaml"),
        "few": (("node01", "two"), "cluster.yaml"),
    }
    assert variables(VARIABLES)["address"] == ("10.0.0.1", "recipe")
    chosen = variables(VARIABLES, {"address": "10.0.0.9"}, cluster__yaml=CLUSTER)
    assert chosen["address"] == ("10.0.0.9", "--set")


def test_a_variable_that_the_cluster_does_not_have() -> None:
    text = VARIABLES.replace("head.address", "head.adress").replace("groups.few", "head.name")
    with pytest.raises(Problems) as caught:
        variables(text, cluster__yaml=CLUSTER)
    assert caught.value.render() == (
        "recipes/x.yaml:3:3: error: cluster.yaml says nothing at `head.adress`\n"
        "  3 |   address: {default: 10.0.0.1, cluster: head.adress}\n"
        "    |   ^\n"
        "hint: did you mean `address`?\n"
        "recipes/x.yaml:4:3: error: `head.name` of cluster.yaml: the variable wants a list of strings\n"
        "  4 |   few: {type: list, default: [nobody], cluster: head.name}\n"
        "    |   ^"
    )
