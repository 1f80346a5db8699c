# SPDX-License-Identifier: Apache-2.0
"""The `power:` section of an inventory as typed settings, with everything that is wrong at its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from builder.cluster.cluster import Cluster
from builder.errors import NodebakeError, Problems, RecipeError
from builder.power.driver import DRIVERS, NODES, ONE
from builder.power.kind import Kind, kind
from builder.power.power_file import LogModel, PowerModel, SequenceModel
from builder.recipe.document import Data, Path
from builder.recipe.near import did_you_mean
from builder.recipe.strict import Strict
from builder.recipe.validate import validate

_SECTION = "power"


@dataclass(frozen=True)
class Supply:
    """One entry under `power:`: a driver with its settings."""

    name: str
    kind: Kind
    model: Strict


@dataclass(frozen=True)
class Power:
    """The whole section. `supplies` are by the names that nodes and head use."""

    supplies: Mapping[str, Supply]
    sequence: SequenceModel
    log: LogModel | None


def require(cluster: Cluster) -> Power:
    """The settings of a cluster; raises Problems."""
    problems: list[NodebakeError] = []
    power = read(cluster, problems)
    if power is None:
        raise Problems(problems)
    return power


def read(cluster: Cluster, problems: list[NodebakeError]) -> Power | None:
    """The settings of a cluster; None when `problems` says what is wrong with them."""
    before = len(problems)
    shared = {key: cluster.power[key] for key in PowerModel.model_fields if key in cluster.power}
    model = validate(PowerModel, shared, cluster.document, (_SECTION,), problems)
    supplies = {
        name: supply
        for name, data in cluster.power.items()
        if name not in PowerModel.model_fields
        and (supply := _supply(cluster, name, data, problems)) is not None
    }
    for name in cluster.power:
        problems.extend(_misused(cluster, name, supplies.get(name)))
    if model is None or len(problems) > before:
        return None
    return Power(supplies, model.sequence, model.log)


def _supply(cluster: Cluster, name: str, data: Data, problems: list[NodebakeError]) -> Supply | None:
    document, path = cluster.document, (_SECTION, name)
    driver = data.get("driver") if isinstance(data, dict) else None
    if driver is None:
        hint = f"write `driver:` and one of {', '.join(f'`{each}`' for each in DRIVERS)}"
        if name == "ssh":
            hint = "how machines are logged in to stands beside `power:`, not below it: move `ssh:` there"
        message = f"`{name}` names no driver"
        problems.append(RecipeError(message, place=document.key(path), hint=hint))
        return None
    if driver not in DRIVERS:
        near = did_you_mean(str(driver), DRIVERS, what="drivers")
        place = document.place((*path, "driver"))
        problems.append(RecipeError(f"`{driver}` is no driver", place=place, hint=near))
        return None
    found = kind(driver)
    model = validate(found.model, data, document, path, problems)
    return Supply(name, found, model) if model is not None else None


def _misused(cluster: Cluster, name: str, supply: Supply | None) -> Iterator[RecipeError]:
    """What uses an entry for more than it can switch."""
    document = cluster.document
    nodes = [node.name for node in cluster.nodes if node.power == name]
    head = cluster.head.power == name
    if name in PowerModel.model_fields and (nodes or head):
        users = cluster.head.name if head else nodes[0]
        yield RecipeError(f"`{name}` is no driver, and `{users}` names it", place=document.key(_path(name)))
    if supply is None:
        return
    if head and supply.kind.sockets == NODES:
        message = f"`{name}` switches nodes, and not the mains"
        hint = "name a driver for the mains, or leave `power` of the head out"
        yield RecipeError(message, place=document.place(("head", "power")), hint=hint)
    users_count = len(nodes) + head
    if supply.kind.sockets == ONE and users_count > 1:
        message = f"`{name}` switches one thing, and {users_count} name it"
        facts = [f"{cluster.head.name}" if head else "", *nodes]
        yield RecipeError(message, place=document.key(_path(name)), facts=[", ".join(filter(None, facts))])


def _path(name: str) -> Path:
    return (_SECTION, name)
