# SPDX-License-Identifier: Apache-2.0
"""The shape of `site.yaml`: what belongs to one place and is never committed."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, Tag

from builder.recipe.either import by_type
from builder.recipe.strict import Strict


class KeysFile(Strict):
    """Keys from a file of the project, one a line."""

    file: str = Field(description="path relative to the project's root")


class ArchiveModel(Strict):
    """Where an archive is fetched from, what the image's own sources list names, and the archive's key."""

    uri: str | None = Field(
        None, description="where building fetches from; when absent, what it would without this"
    )
    image_uri: str | None = Field(None, description="what the image names; the public host when absent")
    keyring: str | None = Field(
        None, description="file of the project with the key, for archives whose key Debian does not ship"
    )
    fingerprint: str | None = Field(
        None, description="of the key with which the site signs a copy of its own; the archive's when absent"
    )


class SecretReference(Strict):
    """The name of a secret."""

    secret: str = Field(description="a name under `secrets`")


class WifiModel(Strict):
    """The wireless network of the place."""

    ssid: str = Field(min_length=1, max_length=32, description="name of the network")
    country: str = Field("00", pattern=r"^([A-Z]{2}|00)$", description="country whose radio rules hold")
    psk: Annotated[
        Annotated[str, Tag("<word>")] | Annotated[SecretReference, Tag("<mapping>")], by_type(str, dict)
    ] = Field(description="`{secret: NAME}`; a literal passphrase is refused")


class SiteLocale(Strict):
    """Defaults of the `locale` layer."""

    lang: str | None = Field(None, description="as in `C.UTF-8`")
    timezone: str | None = Field(None, description="as in `Europe/Berlin`")
    keyboard: str | None = Field(None, description="XKB layout, as in `de`")


class SecretModel(Strict):
    """Where a secret is found when a card is flashed. It is never read while building."""

    file: str | None = Field(None, description="a file that holds it")
    env: str | None = Field(None, description="an environment variable that holds it")


class SiteFile(Strict):
    """site.yaml."""

    format: Literal[1] = Field(description="the format of this file")
    authorized_keys: Annotated[
        Annotated[list[str], Tag("<list>")] | Annotated[KeysFile, Tag("<mapping>")], by_type(list, dict)
    ] = Field([], description="public ssh keys of those who may log in, or `{file: path}`")
    base: str | None = Field(None, description="base of recipes that name none")
    archives: dict[
        str,
        Annotated[
            Annotated[str, Tag("<word>")] | Annotated[ArchiveModel, Tag("<mapping>")], by_type(str, dict)
        ],
    ] = Field({}, description="archive word to URI; a plain URI is used for building and in the image")
    wifi: WifiModel | None = Field(None, description="the wireless network")
    locale: SiteLocale = Field(SiteLocale.model_construct(), description="language, time zone, keyboard")
    ntp: list[str] = Field([], description="time servers")
    mac_table: str | None = Field(
        None, description="a file of lines `NUMBER MAC`, one for each node; not with cluster.yaml"
    )
    secrets: dict[str, SecretModel] = Field({}, description="name to where the secret is found")
