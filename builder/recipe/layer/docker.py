# SPDX-License-Identifier: Apache-2.0
"""`docker: {strategy: overlay2, log: {…}, daemon: {…}}`: docker from the base's own archive."""

from __future__ import annotations

import json
from typing import Any

from pydantic import Field

from builder.recipe import size
from builder.recipe.effect import CmdlineWord, Effect, Inline, Package, UnitState, WriteFile
from builder.recipe.recipe import Board
from builder.recipe.scope import Scope
from builder.recipe.strict import Strict

STRATEGIES = ("overlay2",)
_LEAST_MEMORY = 512
# docker.io only recommends the others, and recommends are not installed.
_PACKAGES = ("docker.io", "docker-cli", "apparmor", "ca-certificates", "iptables")
# Up to there docker.io holds the client, too.
_IN_ONE = ("bookworm",)
_OURS = {
    "storage-driver": "strategy",
    "storage-opts": "strategy",
    "log-driver": "log",
    "log-opts": "log",
}

_CHECK = """\
#!/bin/sh
# dockerd may fall back to another storage driver without failing. Say so, loudly.
set -eu
wanted=$1
actual=$(docker info -f '{{.Driver}}')
if [ "$actual" != "$wanted" ]; then
    echo "docker runs with the storage driver '$actual', the recipe asks for '$wanted'" >&2
    exit 1
fi
"""

_CHECK_UNIT = """\
[Unit]
Description=Check that docker runs with the storage driver of the recipe
Requires=docker.service
After=docker.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/lib/nodebake/docker-driver-check @driver@

[Install]
WantedBy=multi-user.target
"""


class Log(Strict):
    """The log driver `local`, bounded."""

    max_size: str = Field("10M", description="size of one log file of a container")
    max_file: int = Field(3, ge=1, description="how many of them")


class Model(Strict):
    """Docker with its data on a file system that can carry it."""

    strategy: str = Field("overlay2", description="where images live; `overlay2`: on the card")
    log: Log = Field(Log.model_construct(), description="the log driver `local`")
    daemon: dict[str, Any] = Field({}, description="further keys of daemon.json")


def expand(model: Model, scope: Scope) -> list[Effect]:
    if model.strategy not in STRATEGIES:
        hint = f"strategies: {', '.join(f'`{name}`' for name in STRATEGIES)}"
        scope.problem(
            f"docker's `{model.strategy}` is not available for image outputs", "strategy", hint=hint
        )
    for board in scope.boards:
        reason = impossible(board)
        if reason:
            hint = "leave the board or docker out"
            scope.problem(f"docker cannot run on `{board.name}`: {reason}", hint=hint)
    for key in sorted(model.daemon.keys() & _OURS.keys()):
        hint = f"say it with docker's `{_OURS[key]}`"
        scope.problem(f"`{key}` of daemon.json is set by this layer", "daemon", key, hint=hint, key=True)
    unit = _CHECK_UNIT.replace("@driver@", model.strategy)
    daemon = json.dumps(_daemon(model, scope), indent=2, sort_keys=True) + "\n"
    in_one = scope.base.release in _IN_ONE
    return [
        *(Package(name) for name in _PACKAGES if name != "docker-cli" or not in_one),
        WriteFile("etc/docker/daemon.json", Inline(daemon.encode())),
        WriteFile("usr/lib/nodebake/docker-driver-check", Inline(_CHECK.encode()), 0o755),
        WriteFile("etc/systemd/system/docker-driver-check.service", Inline(unit.encode())),
        UnitState("docker.service", "enable"),
        UnitState("docker-driver-check.service", "enable"),
        # The kernel of a Pi starts with the memory cgroup off.
        CmdlineWord("cgroup_enable=memory"),
    ]


def _daemon(model: Model, scope: Scope) -> dict[str, Any]:
    try:
        bytes_each = size.parse(model.log.max_size)
    except ValueError as error:
        scope.problem(str(error), "log", "max_size")
        bytes_each = 0
    return {
        "live-restore": True,
        **model.daemon,
        "storage-driver": model.strategy,
        "log-driver": "local",
        # docker's own units are k, m, g: multiples of 1024 as ours.
        "log-opts": {"max-size": size.text(bytes_each).lower(), "max-file": str(model.log.max_file)},
    }


def impossible(board: Board) -> str | None:
    """Why docker cannot run on this board, or None. That the base runs there is checked elsewhere."""
    if board.memory < _LEAST_MEMORY:
        return f"it has {board.memory} MiB of memory, docker wants {_LEAST_MEMORY}"
    return None
