# SPDX-License-Identifier: Apache-2.0
"""Who can log in. A node that nobody can log in to is a mistake, so it is refused."""

from __future__ import annotations

from collections.abc import Iterable

from builder.errors import Place, RecipeError
from builder.recipe.effect import AddUser, Effect
from builder.recipe.site import Site

_NO_SHELLS = ("nologin", "false")


def can_log_in(effects: Iterable[Effect]) -> bool:
    """Whether some user has a key or a password hash, and a shell to use it with."""
    return any(
        isinstance(effect, AddUser)
        and bool(effect.keys or effect.password_hash)
        and effect.shell.rpartition("/")[2] not in _NO_SHELLS
        for effect in effects
    )


def key_holder(effects: Iterable[Effect]) -> str | None:
    """The first user who can log in by key."""
    return next((e.name for e in effects if isinstance(e, AddUser) and e.keys), None)


def refusal(name: str, site: Site, place: Place) -> RecipeError:
    """The error for a recipe without any way to log in."""
    if site.document is None:
        fact, hint = "there is no site.yaml, which names the authorized keys", "run `nodebake init`"
    elif not site.keys:
        fact, hint = "site.yaml names no authorized keys", "add yours there, under `authorized_keys:`"
    else:
        fact = "no user takes `keys: site`, keys of its own or a `password_hash`"
        hint = "give a user `keys: site`"
    return RecipeError(f"nobody could log in to `{name}`", place=place, facts=[fact], hint=hint)
