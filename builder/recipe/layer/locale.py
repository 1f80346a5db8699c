# SPDX-License-Identifier: Apache-2.0
"""`locale: {lang: …, timezone: …, keyboard: …, ntp: …}`: language, time zone, keys, time servers."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, Tag

from builder.recipe.effect import Effect, Inline, MakeLink, Package, UnitState, WriteFile
from builder.recipe.either import by_type
from builder.recipe.scope import Scope
from builder.recipe.strict import Strict

_LANG = re.compile(r"C|POSIX|C\.UTF-8|[a-z]{2,3}_[A-Z]{2}(\.[A-Za-z0-9-]+)?(@[a-z]+)?")
_ZONE = re.compile(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+){0,2}")
_KEYBOARD = re.compile(r"[a-z]{2,}(,[a-z]{2,})*")
_SERVER = re.compile(r"[A-Za-z0-9.:-]+")
_BUILT_IN = ("C", "POSIX", "C.UTF-8")
# The zones of today; the older names are in a package of their own since trixie.
_AREAS = frozenset(
    {"Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia"}
    | {"Etc", "Europe", "Indian", "Pacific", "UTC"}
)


class Model(Strict):
    """What is absent is taken from site.yaml, then from the default."""

    lang: str | None = Field(None, description="language; `C.UTF-8` when nobody says")
    timezone: str | None = Field(None, description="time zone; `Etc/UTC` when nobody says")
    keyboard: str | None = Field(None, description="XKB layout of a console keyboard")
    ntp: Annotated[
        Annotated[Literal["site", "none"], Tag("<word>")] | Annotated[list[str], Tag("<list>")],
        by_type(str, list),
    ] = Field(
        "site",
        description="time servers, or `site`: those of site.yaml, Debian's pool when there are none; "
        "`none` leaves the clock to another program",
    )


def expand(model: Model, scope: Scope) -> list[Effect]:
    site = scope.site
    lang = model.lang or site.lang or "C.UTF-8"
    zone = model.timezone or site.timezone or "Etc/UTC"
    keyboard = model.keyboard or site.keyboard
    for value, form, key, example in (
        (lang, _LANG, "lang", "de_DE.UTF-8"),
        (zone, _ZONE, "timezone", "Europe/Berlin"),
        (keyboard, _KEYBOARD, "keyboard", "us"),
    ):
        if value is not None and not form.fullmatch(value):
            scope.problem(f"`{value}` is no value for `{key}`", key, hint=f"for example `{example}`")
    effects: list[Effect] = [
        Package("tzdata"),
        WriteFile("etc/locale.conf", Inline(f"LANG={lang}\n".encode())),
        MakeLink("etc/default/locale", "../locale.conf"),
        MakeLink("etc/localtime", f"/usr/share/zoneinfo/{zone}"),
        WriteFile("etc/timezone", Inline(f"{zone}\n".encode())),
    ]
    if zone.split("/")[0] not in _AREAS:
        effects.append(Package("tzdata-legacy"))
    if lang not in _BUILT_IN:
        # All languages, ready made: nothing to generate in the tree, at the price of some 200 MB.
        effects.append(Package("locales-all"))
    if keyboard:
        text = f'XKBMODEL="pc105"\nXKBLAYOUT="{keyboard}"\nXKBVARIANT=""\nXKBOPTIONS=""\nBACKSPACE="guess"\n'
        effects += [Package("console-setup"), WriteFile("etc/default/keyboard", Inline(text.encode()))]
    return effects + _time(model, scope)


def _time(model: Model, scope: Scope) -> list[Effect]:
    if model.ntp == "none":
        return []
    servers = list(scope.site.ntp) if model.ntp == "site" else list(model.ntp)
    for server in servers:
        if not _SERVER.fullmatch(server):
            scope.problem(f"`{server}` is no time server", "ntp", hint="a host name or an address")
    effects: list[Effect] = [
        Package("systemd-timesyncd"),
        UnitState("systemd-timesyncd.service", "enable"),
    ]
    if servers:
        text = f"[Time]\nNTP={' '.join(servers)}\n"
        effects.append(WriteFile("etc/systemd/timesyncd.conf.d/10-nodebake.conf", Inline(text.encode())))
    return effects
