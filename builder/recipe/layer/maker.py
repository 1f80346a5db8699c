# SPDX-License-Identifier: Apache-2.0
"""`maker: {user: pi, folder: client}`: the programs of the module's maker on the head, and their units."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from pydantic import Field

from builder.recipe.confine import confine
from builder.recipe.effect import Content, Effect, Inline, MakeDirectory, Package, UnitState, WriteFile
from builder.recipe.layer.users import NAME
from builder.recipe.originals import Originals, Pinned, take
from builder.recipe.scope import Scope
from builder.recipe.strict import Strict

PORT = 1236
PLACES = 60
UNITS = "etc/systemd/system"
_HEAD = Path(__file__).parents[2] / "head"
_WAIT = "usr/lib/nodebake/wait-for-control-plane"
_PATIENCE = 120
_PACKAGES = ("python3", "python3-websockets")

# The daemon as the site has it is up when it answers; where there is none, somebody else's must.
_DAEMON = """\
Type=exec
User=@user@
WorkingDirectory=@folder@
ExecStart=@daemon@
ExecStartPost=@wait@
Restart=on-failure
RestartSec=10"""
_WAITING = """\
Type=oneshot
RemainAfterExit=yes
DynamicUser=yes
ExecStart=@wait@"""


class Model(Strict):
    """The maker's programs in the home of a user, and what the head does with them when it boots."""

    user: str = Field(description="whose they are; a `users` layer before this one adds him")
    folder: str = Field("client", description="folder in his home directory")
    nodes: int | None = Field(
        None,
        ge=1,
        le=PLACES,
        description="the last node of the module; that of cluster.yaml, or 60, when absent",
    )
    originals: Originals | None = Field(None, description="the site's own files of the maker's")


def expand(model: Model, scope: Scope) -> list[Effect]:
    folder = _folder(model, scope)
    ours = _programs()
    taken = take(model.originals, scope) if model.originals else {}
    _whole(ours, taken, scope)
    units = model.originals.units if model.originals else []
    files: dict[str, tuple[Content, int]] = {
        **{name: (Inline(data), 0o755 if _is_program(data) else 0o644) for name, data in ours.items()},
        **{name: (pinned.content, pinned.mode) for name, pinned in taken.items() if name not in units},
    }
    paths = [f"{folder}/{name}" for name in files]
    folders = sorted({str(above) for path in paths for above in PurePosixPath(path).parents})
    home, user = f"home/{model.user}", model.user
    return [
        *(Package(name) for name in _PACKAGES),
        *(MakeDirectory(f"{home}/{path}", 0o755, user, user) for path in folders if path != "."),
        *(
            WriteFile(f"{home}/{path}", content, mode, user, user)
            for path, (content, mode) in zip(paths, files.values(), strict=True)
        ),
        *(_sites_units(units, taken) if units else _our_units(model, f"/{home}/{folder}", taken, scope)),
    ]


def _folder(model: Model, scope: Scope) -> str:
    """The programs' folder in their owner's home."""
    if not NAME.fullmatch(model.user):
        scope.problem(f"`{model.user}` is no name for a user", "user", hint="lower case, up to 32 signs")
    try:
        return confine(model.folder)
    except ValueError as error:
        scope.problem(str(error), "folder", hint="a folder in the user's home, for example `client`")
        return "client"


def _programs() -> dict[str, bytes]:
    """Name → bytes of our programs and of the modules that they share."""
    paths = sorted((_HEAD / "client").glob("*.py"))
    return {path.name: path.read_bytes() for path in paths if path.name != "__init__.py"}


def _is_program(data: bytes) -> bool:
    return data.startswith(b"#!")


def _whole(ours: dict[str, bytes], taken: dict[str, Pinned], scope: Scope) -> None:
    """The site's file under the name of a module of ours would break those of our programs that remain."""
    programs = [name for name, data in ours.items() if _is_program(data) and name not in taken]
    for name in sorted(ours.keys() & taken.keys()):
        if programs and not _is_program(ours[name]):
            left = ", ".join(f"`{program}`" for program in programs)
            scope.problem(
                f"our {left} would speak through the site's `{name}`",
                *("originals", "files", name),
                hint="list the site's own programs of these names too",
                key=True,
            )


def _last(scope: Scope) -> int:
    """The highest number of the inventory that is a place of the module."""
    numbers = [int(node["number"]) for node in scope.cluster["nodes"]] if scope.cluster else []
    return max((number for number in numbers if number <= PLACES), default=PLACES)


def _our_units(model: Model, folder: str, taken: Mapping[str, Pinned], scope: Scope) -> list[Effect]:
    daemon = model.originals.daemon if model.originals else None
    last = model.nodes or _last(scope)
    words = {
        "@serve@": _DAEMON if daemon else _WAITING,
        "@daemon@": f"{folder}/{daemon}",
        "@wait@": f"/{_WAIT} {PORT} {_PATIENCE}",
        "@user@": model.user,
        "@folder@": folder,
        # The maker's own program knows nothing but its name.
        "@test@": "testall.py" if "testall.py" in taken else f"testall.py --spare-running 1 {last}",
        "@last@": str(last),
    }
    program = (_HEAD / "start/wait_for_control_plane.py").read_bytes()
    effects: list[Effect] = [WriteFile(_WAIT, Inline(program), 0o755)]
    paths = sorted((_HEAD / "start").glob("*.service"))
    for path in paths:
        text = path.read_text(encoding="utf-8")
        for word, value in words.items():
            text = text.replace(word, value)
        effects.append(WriteFile(f"{UNITS}/{path.name}", Inline(text.encode())))
    return [*effects, *(UnitState(path.name, "enable") for path in paths)]


def _sites_units(units: list[str], taken: dict[str, Pinned]) -> list[Effect]:
    """The site's own sequence; beside it ours would power every node a second time."""
    effects: list[Effect] = []
    for name in units:
        if name in taken:
            effects.append(WriteFile(f"{UNITS}/{PurePosixPath(name).name}", taken[name].content))
            if taken[name].starts_by_itself:
                effects.append(UnitState(PurePosixPath(name).name, "enable"))
    return effects
