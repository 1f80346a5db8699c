# SPDX-License-Identifier: Apache-2.0
"""The shape of a recipe file, before its layers are looked at."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from builder.recipe.size import Size
from builder.recipe.strict import Strict
from builder.recipe.variable import VariableModel


def _holds_a_kernel(boot_size: int) -> int:
    if boot_size < 128 << 20:
        raise ValueError("kernel, initramfs and firmware want at least 128M")
    return boot_size


class ImageModel(Strict):
    """An sd-card image."""

    free: Size = Field(1 << 30, description="space left free in the root file system")
    boot_size: Annotated[Size, AfterValidator(_holds_a_kernel)] = Field(
        512 << 20, description="size of the boot partition"
    )
    compression: int = Field(3, ge=1, le=19, description="zstd level of the compressed image")


class NetbootModel(Strict):
    """A boot tree and a root for nodes that boot over the network."""

    mode: Literal["shared", "private", "ram"] = Field(
        "shared",
        description="`shared`: one read-only root; `private`: one for each node; `ram`: shared, loaded once",
    )
    writable: Literal["tmpfs", "card", "loop"] = Field(
        "tmpfs",
        description="where a node of a shared or ram root writes: memory, its card, a file on the head",
    )
    persist: list[str] = Field([], description="folders that outlive a reboot; with `card` or `loop`")


class OutputsModel(Strict):
    """What is made of the tree: the one or the other."""

    image: ImageModel | None = Field(None, description="an sd-card image")
    netboot: NetbootModel | None = Field(None, description="trees for booting over the network")


class RecipeFile(Strict):
    """A recipe. Without `outputs` it is a part for other recipes to include."""

    format: Literal[1] = Field(description="the format of this file")
    summary: str = Field("", description="one line for `nodebake list`")
    include: list[str] = Field([], description="recipes whose layers come first, in this order")
    base: str | None = Field(None, description="the distribution to build on; `debian` when nobody says")
    boards: list[str] | None = Field(None, description="the boards that it must run on")
    variables: dict[str, VariableModel] = Field({}, description="typed values for `{{ name }}`")
    layers: list[dict[str, Any]] = Field([], description="what to put in, in order; one kind each")
    outputs: OutputsModel | None = Field(
        None, description="what is made of it; the last file of a chain that says any decides"
    )
