# SPDX-License-Identifier: Apache-2.0
"""`docker: {from: debian, strategy: overlay2, log: {…}, daemon: {…}}`: docker, ready for a node."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any, Literal

from pydantic import Field, Tag

from builder.recipe import docker_strategy, size
from builder.recipe.docker_preload import OfRegistry, preloaded
from builder.recipe.docker_strategy import PLACE, STRATEGIES, Strategy, named
from builder.recipe.effect import AddSuite, CmdlineWord, Effect, Inline, Package, UnitState, WriteFile
from builder.recipe.either import by_type
from builder.recipe.near import did_you_mean
from builder.recipe.recipe import Base, Board
from builder.recipe.scope import Scope
from builder.recipe.size import Size
from builder.recipe.strict import Strict

_LEAST_MEMORY = 512
_FOLDER = re.compile(r"(/[\w.-]+)+", re.ASCII)
# docker.io and docker-ce only recommend most of the others, and recommends are not installed.
_PACKAGES = {
    "debian": ("docker.io", "docker-cli", "apparmor", "ca-certificates", "iptables"),
    "docker": ("docker-ce", "docker-ce-cli", "containerd.io", "apparmor", "ca-certificates", "iptables"),
}
# Up to there docker.io holds the client, too.
_IN_ONE = ("bookworm",)
_OURS = {
    "data-root": "root",
    "storage-driver": "strategy",
    "storage-opts": "strategy",
    "log-driver": "log",
    "log-opts": "log",
}

# Docker and its containerd each have a folder for their data. From Docker 29 on images are in containerd's
# when no storage driver is named; whoever moves one of the two has half of the data on the wrong disk.
_CONTAINERD = """\
version = 2
root = "@root@"
# Kubernetes would want it; docker does not.
disabled_plugins = ["io.containerd.grpc.v1.cri"]
"""


class Log(Strict):
    """The log driver `local`, bounded."""

    max_size: str = Field("10M", description="size of one log file of a container")
    max_file: int = Field(3, ge=1, description="how many of them")


class Model(Strict):
    """Docker with its data on a file system that can carry it."""

    from_: Literal["debian", "docker"] = Field(
        "debian",
        alias="from",
        description="whose packages: those in the base's own archive, or those of Docker's archive",
    )
    root: str | None = Field(
        None, description="folder for the data of docker and of its containerd; below /var/lib when absent"
    )
    strategy: str = Field(
        "overlay2",
        description="where images and containers live: `overlay2`, on the root of a card; for nodes that boot"
        " over the network `card`, `loop`, `fuse-overlayfs`, `vfs`, `tmpfs`",
    )
    size: Size | None = Field(
        None, description="`loop`: size of the file at first; `tmpfs`: memory that it may take"
    )
    limit: Size | None = Field(None, description="`loop`: size up to which the file grows")
    log: Log = Field(Log.model_construct(), description="the log driver `local`")
    preload: list[
        Annotated[Annotated[str, Tag("<word>")] | Annotated[OfRegistry, Tag("<mapping>")], by_type(str, dict)]
    ] = Field(
        [],
        description="images that each node is given once: archives (`docker save`) in the project, or images"
        " of registries, as a mapping or as `docker://NAME[:TAG]`",
    )
    swarm: bool = Field(
        False,
        description="whether nodes may join a swarm: containers then do not outlive a restart of docker"
        " (`live-restore`), which a swarm refuses",
    )
    daemon: dict[str, Any] = Field({}, description="further keys of daemon.json")


def expand(model: Model, scope: Scope) -> list[Effect]:
    strategy = _strategy(model, scope)
    for board in scope.boards:
        reason = impossible(board)
        if reason:
            hint = "leave the board or docker out"
            scope.problem(f"docker cannot run on `{board.name}`: {reason}", hint=hint)
    reason = unavailable(scope.base) if model.from_ == "docker" else None
    if reason:
        hint = "`from: debian` takes the docker that the base's own archive has"
        scope.problem(f"Docker's archive has nothing for `{scope.base.name}`: {reason}", "from", hint=hint)
    for key in sorted(model.daemon.keys() & _OURS.keys()):
        hint = f"say it with docker's `{_OURS[key]}`"
        scope.problem(f"`{key}` of daemon.json is set by this layer", "daemon", key, hint=hint, key=True)
    if _features(model.daemon).get("containerd-snapshotter") is True:
        hint = "leave it out"
        message = f"with containerd's snapshotter docker would not use `{strategy.driver}`"
        scope.problem(message, "daemon", "features", "containerd-snapshotter", hint=hint)
    try:
        log_size = size.parse(model.log.max_size)
    except ValueError as error:
        scope.problem(str(error), "log", "max_size")
        log_size = 0
    daemon = _daemon(model, strategy, log_size)
    return [
        *_source(model, scope),
        *(Package(name) for name in strategy.packages),
        *_containerd(model, strategy, scope),
        WriteFile("etc/docker/daemon.json", Inline(daemon.encode())),
        WriteFile("etc/nodebake/docker", Inline(_settings(model, strategy).encode())),
        *preloaded(model.preload, scope, "preload"),
        UnitState("docker.service", "enable"),
        # The kernel of a Pi starts with the memory cgroup off.
        CmdlineWord("cgroup_enable=memory"),
    ]


def _strategy(model: Model, scope: Scope) -> Strategy:
    """What the recipe asks for; a problem, and the first of the table, where that cannot be."""
    found = named(model.strategy)
    if found is None:
        names = docker_strategy.of(scope.output)
        hint = did_you_mean(model.strategy, names, what="strategies")
        scope.problem(f"docker has no strategy `{model.strategy}`", "strategy", hint=hint)
        return STRATEGIES[0]
    reason = docker_strategy.refusal(found.name, scope.output)
    if reason:
        names = docker_strategy.of(scope.output)
        hint = f"strategies: {', '.join(f'`{name}`' for name in names)}"
        scope.problem(f"docker's `{found.name}` cannot be had here: {reason}", "strategy", hint=hint)
    given = [name for name in ("size", "limit") if getattr(model, name) is not None]
    for name in docker_strategy.sizes(found, given):
        scope.problem(f"`{found.name}` has no `{name}`", name, hint="leave it out", key=True)
    if model.size and model.limit and model.limit < model.size:
        scope.problem("`limit` is less than `size`", "limit", hint="the file only ever grows")
    if found.output == "netboot" and model.root not in (None, PLACE):
        hint = "leave it out"
        scope.problem(f"docker's `{found.name}` has its data at `{PLACE}`", "root", hint=hint)
    return found


def _settings(model: Model, strategy: Strategy) -> str:
    """What the node's own programs read: /etc/nodebake/docker."""
    lines = [f"STRATEGY={strategy.name}", f"DRIVER={strategy.driver}"]
    lines += [f"SIZE={model.size}"] if model.size else []
    lines += [f"LIMIT={model.limit}"] if model.limit else []
    return "".join(f"{line}\n" for line in lines)


def _source(model: Model, scope: Scope) -> list[Effect]:
    in_one = scope.base.release in _IN_ONE
    names = (name for name in _PACKAGES[model.from_] if name != "docker-cli" or not in_one)
    packages: list[Effect] = [Package(name) for name in names]
    if model.from_ == "debian":
        return packages
    return [AddSuite("docker", scope.base.release, ("stable",)), *packages]


def _containerd(model: Model, strategy: Strategy, scope: Scope) -> list[Effect]:
    root = _root(model, strategy)
    if root is None:
        return []
    if not _FOLDER.fullmatch(root):
        hint = "an absolute path of letters, digits, `.`, `_` and `-`, as in `/srv/docker`"
        scope.problem(f"`{root}` is no folder for docker's data", "root", hint=hint)
        return []
    if scope.confined(root, "root") is None:
        return []
    text = _CONTAINERD.replace("@root@", f"{root}/containerd")
    return [WriteFile("etc/containerd/config.toml", Inline(text.encode()))]


def _root(model: Model, strategy: Strategy) -> str | None:
    return PLACE if strategy.output == "netboot" else model.root


def _features(daemon: dict[str, Any]) -> dict[str, Any]:
    features = daemon.get("features")
    return features if isinstance(features, dict) else {}


def _daemon(model: Model, strategy: Strategy, log_size: int) -> str:
    """daemon.json; `log_size` in bytes, of each file."""
    fixed: dict[str, Any] = {}
    root = _root(model, strategy)
    if root is not None:
        fixed["data-root"] = f"{root}/docker"
    if model.from_ == "docker":
        # What naming a storage driver means, said so that no later version decides otherwise.
        fixed["features"] = {**_features(model.daemon), "containerd-snapshotter": False}
    daemon = {
        "live-restore": not model.swarm,
        **model.daemon,
        **fixed,
        "storage-driver": strategy.driver,
        "log-driver": "local",
        # docker's own units are k, m, g: multiples of 1024 as ours.
        "log-opts": {"max-size": size.text(log_size).lower(), "max-file": str(model.log.max_file)},
    }
    return json.dumps(daemon, indent=2, sort_keys=True) + "\n"


def of_a_root_by_hand(strategy: Strategy) -> tuple[tuple[str, ...], dict[str, str]]:
    """Packages and files, by path, that make docker of a root over the network that no recipe has made."""
    model = Model()
    files = {
        "etc/docker/daemon.json": _daemon(model, strategy, size.parse(model.log.max_size)),
        "etc/containerd/config.toml": _CONTAINERD.replace("@root@", f"{PLACE}/containerd"),
        "etc/nodebake/docker": _settings(model, strategy),
    }
    return (*_PACKAGES["debian"], *strategy.packages), files


def impossible(board: Board) -> str | None:
    """Why docker cannot run on this board, or None. That the base runs there is checked elsewhere."""
    if board.memory < _LEAST_MEMORY:
        return f"it has {board.memory} MiB of memory, docker wants {_LEAST_MEMORY}"
    return None


def unavailable(base: Base) -> str | None:
    """Why Docker's own archive cannot serve this base, or None."""
    if base.architecture == "armhf" and base.instructions != "armv7":
        return "there are no packages for Raspbian since version 29, and those for Debian's armhf are ARMv7"
    if base.architecture not in ("arm64", "armhf"):
        return f"there are no packages for {base.architecture}"
    return None
