# SPDX-License-Identifier: Apache-2.0
"""The site, read and checked: all that recipes may know of the place."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from builder.base import definition as bases
from builder.base.archives import PUBLIC
from builder.cluster import mac_table as table
from builder.errors import NodebakeError, Place, Problems, RecipeError
from builder.recipe import document as documents
from builder.recipe.document import Document
from builder.recipe.near import did_you_mean
from builder.recipe.site_archive_keys import archive_keys
from builder.recipe.site_file import ArchiveModel, KeysFile, SiteFile, WifiModel
from builder.recipe.sources import Sources
from builder.recipe.ssh_key import KeyFault, public_key
from builder.recipe.validate import validate
from builder.recipe.yaml_tree import read

FILE = "site.yaml"


@dataclass(frozen=True)
class Wifi:
    """The wireless network; `secret` names its passphrase."""

    ssid: str
    country: str
    secret: str


@dataclass(frozen=True)
class Site:
    """What site.yaml says. `archives` and `image_archives` are word → URI, only what it names.

    `archive_keys` are word → the archive's key, found to be the pinned one and one that apt takes.
    """

    keys: tuple[str, ...] = ()
    base: str | None = None
    archives: dict[str, str] = field(default_factory=dict)
    image_archives: dict[str, str] = field(default_factory=dict)
    archive_keys: dict[str, bytes] = field(default_factory=dict)
    wifi: Wifi | None = None
    lang: str | None = None
    timezone: str | None = None
    keyboard: str | None = None
    ntp: tuple[str, ...] = ()
    mac_table: str = ""
    document: Document | None = None

    def template_values(self) -> dict[str, Any]:
        """`site` as templates see it: nothing secret in it."""
        return {
            "authorized_keys": list(self.keys),
            "lang": self.lang or "",
            "timezone": self.timezone or "",
            "keyboard": self.keyboard or "",
            "ntp": list(self.ntp),
            "mac_table": self.mac_table,
            "wifi_ssid": self.wifi.ssid if self.wifi else "",
        }

    def says(self, key: str) -> bool:
        """Whether site.yaml has the key."""
        return (
            self.document is not None and isinstance(self.document.data, dict) and key in self.document.data
        )

    def place(self, *path: str | int) -> Place | None:
        """Where site.yaml says something."""
        return self.document.place(path) if self.document else None


def load(sources: Sources, problems: list[NodebakeError]) -> Site:
    """The site of a project; an empty one when there is no site.yaml or it cannot be read."""
    try:
        document = read(sources, FILE)
    except FileNotFoundError:
        return Site()
    except Problems as several:
        problems.extend(several.problems)
        return Site()
    except RecipeError as error:
        problems.append(error)
        return Site()
    model = validate(SiteFile, document.data, document, (), problems)
    if model is None:
        return Site(document=document)
    reader = _Reader(sources, document, problems)
    for name, secret in model.secrets.items():
        if (secret.file is None) == (secret.env is None):
            reader.problem(f"the secret `{name}` wants either `file` or `env`", "secrets", name)
    building, image = reader.archives(model)
    return Site(
        keys=reader.keys(model.authorized_keys),
        base=reader.base(model.base),
        archives=building,
        image_archives=image,
        archive_keys=archive_keys(sources, document, model.archives, problems),
        wifi=reader.wifi(model),
        lang=model.locale.lang,
        timezone=model.locale.timezone,
        keyboard=model.locale.keyboard,
        ntp=tuple(model.ntp),
        mac_table=reader.mac_table(model.mac_table),
        document=document,
    )


@dataclass(frozen=True)
class _Reader:
    """The checks that need more than the file's shape."""

    sources: Sources
    document: Document
    problems: list[NodebakeError]

    def problem(self, message: str, *path: str | int, hint: str | None = None) -> None:
        place = self.document.place(path)
        shown = documents.unquoted(place) if "psk" in path else place
        self.problems.append(RecipeError(message, place=shown, hint=hint))

    def keys(self, given: list[str] | KeysFile) -> tuple[str, ...]:
        if isinstance(given, list):
            lines = [(key, self.document.place(("authorized_keys", i))) for i, key in enumerate(given)]
        else:
            text = self._text(given.file, "authorized_keys", "file")
            lines = [
                (line, documents.spot(given.file, text, number, 1))
                for number, line in enumerate(text.splitlines(), 1)
                if line.strip() and not line.startswith("#")
            ]
        good = []
        for line, place in lines:
            try:
                good.append(public_key(line))
            except KeyFault as fault:
                self.problems.append(fault.error(place))
                if fault.secret:
                    break
        return tuple(good)

    def base(self, name: str | None) -> str | None:
        if name is not None and name not in bases.names():
            hint = did_you_mean(name, bases.names(), what="bases")
            self.problem(f"`{name}` is no base", "base", hint=hint)
            return None
        return name

    def archives(self, model: SiteFile) -> tuple[dict[str, str], dict[str, str]]:
        building: dict[str, str] = {}
        image: dict[str, str] = {}
        for word, given in model.archives.items():
            where = ("archives", word)
            if word not in PUBLIC:
                hint = did_you_mean(word, PUBLIC, what="archives")
                self.problems.append(
                    RecipeError(f"`{word}` is no archive's word", place=self.document.key(where), hint=hint)
                )
            uri = given.uri if isinstance(given, ArchiveModel) else given
            named = given.image_uri if isinstance(given, ArchiveModel) else given
            for value in (uri, named):
                if value is not None and not re.match(r"(https?|file)://\S+$", value):
                    self.problem(f"`{word}` wants a URI that starts with http:// or https://", *where)
                    break
            if "@" in (named or "").split("//", 1)[-1].split("/", 1)[0]:
                hint = "give `uri` with it and `image_uri` without"
                self.problem(
                    f"the URI of `{word}` holds a password, which the image would name", *where, hint=hint
                )
            if uri:
                building[word] = uri.rstrip("/")
            if named:
                image[word] = named.rstrip("/")
        return building, image

    def wifi(self, model: SiteFile) -> Wifi | None:
        given: WifiModel | None = model.wifi
        if given is None:
            return None
        if isinstance(given.psk, str):
            hint = "write `psk: {secret: wifi_psk}` and under `secrets:` `wifi_psk: {file: path}`"
            self.problem("secrets are references, not values: `psk` is written out", "wifi", "psk", hint=hint)
            return None
        name = given.psk.secret
        if name not in model.secrets:
            hint = did_you_mean(name, model.secrets) or f"add `{name}: {{file: path}}` under `secrets:`"
            self.problem(f"there is no secret `{name}`", "wifi", "psk", "secret", hint=hint)
        return Wifi(given.ssid, given.country, name)

    def mac_table(self, file: str | None) -> str:
        """The table's text, one `NUMBER MAC` a line, comments dropped, MACs in lower case."""
        if file is None:
            return ""
        return table.text(table.parse(file, self._text(file, "mac_table"), self.problems))

    def _text(self, file: str, *path: str | int) -> str:
        try:
            return documents.read_text(self.sources, file, self.document.place(path), "the file")
        except RecipeError as error:
            self.problems.append(error)
            return ""
