# SPDX-License-Identifier: Apache-2.0
"""How docker is on a node, by what its units say and by the room that its data have. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from builder.report import units

_UNITS = ("nodebake-docker-data", "docker", "docker-check")
"""In the order in which they need each other."""


@dataclass(frozen=True)
class DockerState:
    """`state` is `active`, or which unit is how, and `why` that unit's last words.

    `driver` is the storage driver that a container was seen to run with, `strategy` where the data are kept;
    of the room for them, in bytes, `used` per cent are used, None when that is not known.
    """

    state: str
    why: str = ""
    strategy: str = ""
    driver: str = ""
    size: int = 0
    used: int | None = None


def read(told: Mapping[str, str]) -> DockerState | None:
    """A node's docker, None where there is none."""
    if "unit_docker" not in told:
        return None
    states = {unit: told.get(_key("unit", unit), "active") for unit in _UNITS}
    bad = next((unit for unit, state in states.items() if state != "active"), None)
    used = told.get("docker_used", "")
    return DockerState(
        state=f"{bad} {states[bad]}" if bad else "active",
        why=told.get(_key("why", bad), "") if bad else "",
        strategy=told.get("docker_strategy", ""),
        driver=told.get("docker_driver", "") if told.get("unit_docker_check") == "active" else "",
        size=int(told["docker_size"]) if told.get("docker_size", "").isdigit() else 0,
        used=int(used) if used.isdigit() else None,
    )


def words(docker: DockerState) -> Iterator[str]:
    """The same for people."""
    if docker.state != "active":
        yield f"{docker.state}: {docker.why}" if docker.why else docker.state
        return
    where = f" on {docker.strategy}" if docker.strategy not in ("", docker.driver) else ""
    what = f"{docker.driver}{where}".strip()
    yield f"docker active ({what})" if what else "docker active"
    if docker.used is not None:
        yield f"{docker.used} % of docker's {units.size(docker.size)} used"


def _key(what: str, unit: str) -> str:
    return f"{what}_{unit.replace('-', '_')}"
