# SPDX-License-Identifier: Apache-2.0
"""`cluster.yaml`, read and checked: everything that is wrong with it at once."""

from __future__ import annotations

from dataclasses import replace

from builder.cluster.bars import read_bars
from builder.cluster.cluster import Cluster
from builder.cluster.cluster_file import ClusterFile
from builder.cluster.groups import read_groups
from builder.cluster.networks import read_networks
from builder.cluster.nodes import Machines
from builder.cluster.reading import Reading
from builder.errors import NodebakeError, Place, Problems, RecipeError
from builder.recipe.document import Document
from builder.recipe.sources import Sources
from builder.recipe.validate import validate
from builder.recipe.yaml_tree import read

FILE = "cluster.yaml"
_EXAMPLE = f"cp cluster.example.yaml {FILE}, and make it yours"


def load(sources: Sources, problems: list[NodebakeError]) -> Cluster | None:
    """The cluster of a project; None when there is no cluster.yaml, or when `problems` says why."""
    try:
        document = read(sources, FILE)
    except FileNotFoundError:
        return None
    except Problems as several:
        problems.extend(several.problems)
        return None
    except RecipeError as error:
        problems.append(error)
        return None
    return of_document(document, problems)


def require(sources: Sources) -> Cluster:
    """The cluster of a project that must have one. Raises Problems, or RecipeError when there is none."""
    problems: list[NodebakeError] = []
    cluster = load(sources, problems)
    if problems:
        raise Problems(problems)
    if cluster is None:
        raise RecipeError(f"there is no `{FILE}` in the project", hint=_EXAMPLE)
    return cluster


def of_document(document: Document, problems: list[NodebakeError]) -> Cluster | None:
    """The cluster that a file describes; None when anything is wrong with it."""
    before = len(problems)
    if document.data == {}:
        problems.append(
            RecipeError(f"`{document.file}` is empty", place=Place(document.file, 1, 1), hint=_EXAMPLE)
        )
        return None
    model = validate(ClusterFile, document.data, document, (), problems)
    if model is None:
        return None
    reading = Reading(document, problems)
    networks = read_networks(reading, model.networks)
    places = read_bars(reading, model.bars)
    machines = Machines(reading, model, networks, places)
    head, nodes = machines.head(), machines.nodes()
    members = read_groups(reading, model, places)
    if head is None or len(problems) > before:
        return None
    return Cluster(
        head=head,
        networks=networks,
        nodes=tuple(
            replace(node, groups=tuple(group for group, numbers in members.items() if node.number in numbers))
            for node in nodes
        ),
        groups={
            group: tuple(node.name for node in nodes if node.number in numbers)
            for group, numbers in members.items()
        },
        power=model.power,
        ssh=model.ssh,
        document=document,
    )
