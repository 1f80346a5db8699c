# SPDX-License-Identifier: Apache-2.0
"""`users: [{name: …}]`: people and services, logging in by key or by password hash."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, RootModel, Tag

from builder.recipe.effect import AddUser, Effect, Package
from builder.recipe.either import by_type
from builder.recipe.scope import Scope
from builder.recipe.ssh_key import KeyFault, is_password_hash, public_key
from builder.recipe.strict import Strict

NAME = re.compile(r"[a-z_][a-z0-9_-]{0,31}")


class User(Strict):
    """A user to add, or to change if a package made it. Without a hash, no password works."""

    name: str = Field(description="log-in name")
    keys: Annotated[
        Annotated[Literal["site"], Tag("<word>")] | Annotated[list[str], Tag("<list>")], by_type(str, list)
    ] = Field([], description="public ssh keys, or `site` for the keys of site.yaml")
    sudo: Literal["no", "password", "free"] = Field("no", description="`free` asks for no password")
    groups: list[str] = Field([], description="further groups")
    shell: str = Field("/bin/bash", description="log-in shell")
    password_hash: str | None = Field(None, description="as `mkpasswd -m yescrypt` prints it")
    uid: int | None = Field(None, ge=0, le=59999, description="number; the next free one when absent")
    system: bool = Field(False, description="a service's account")
    home: str | None = Field(None, description="home directory")


class Model(RootModel[list[User]]):
    """Users, in order."""

    model_config = ConfigDict(strict=True, frozen=True, defer_build=True)


def expand(model: Model, scope: Scope) -> list[Effect]:
    effects: list[Effect] = []
    if any(user.sudo != "no" for user in model.root):
        effects.append(Package("sudo"))
    seen: set[str] = set()
    for i, user in enumerate(model.root):
        if user.name in seen:
            scope.problem(f"the user `{user.name}` is there twice", i, "name")
        seen.add(user.name)
        _check(i, user, scope)
        effects.append(
            AddUser(
                name=user.name,
                uid=user.uid,
                system=user.system,
                shell=user.shell,
                home=user.home,
                groups=tuple(user.groups),
                password_hash=user.password_hash,
                keys=scope.site.keys if user.keys == "site" else _keys(i, user.keys, scope),
                sudo=user.sudo,
            )
        )
    return effects


def _check(i: int, user: User, scope: Scope) -> None:
    for name, at in [(user.name, ("name",)), *((g, ("groups", n)) for n, g in enumerate(user.groups))]:
        if not NAME.fullmatch(name):
            scope.problem(
                f"`{name}` is no name for a user or group", i, *at, hint="lower case, up to 32 signs"
            )
    if user.password_hash is not None and not is_password_hash(user.password_hash):
        hint = "write the output of `mkpasswd -m yescrypt`; a plain password never goes into a file"
        scope.problem(
            "`password_hash` is no hash as crypt makes it", i, "password_hash", hint=hint, secret=True
        )
    for key, path in (("shell", user.shell), ("home", user.home)):
        if path is not None and (not path.startswith("/") or re.search(r"[:\s]|\.\.", path)):
            scope.problem(f"`{key}` wants an absolute path, not `{path}`", i, key)
    if user.sudo == "password" and user.password_hash is None:
        hint = "give a `password_hash`, or `sudo: free`"
        scope.problem(f"`{user.name}` has no password, so `sudo: password` never works", i, "sudo", hint=hint)


def _keys(i: int, lines: list[str], scope: Scope) -> tuple[str, ...]:
    good = []
    for n, line in enumerate(lines):
        try:
            good.append(public_key(line))
        except KeyFault as fault:
            scope.problems.append(fault.error(scope.place(i, "keys", n)))
    return tuple(good)
