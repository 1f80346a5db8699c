# SPDX-License-Identifier: Apache-2.0
"""What is made of a recipe's tree: the last file of its chain that names any outputs decides them all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from builder.errors import NodebakeError, Place, RecipeError
from builder.recipe.confine import confine
from builder.recipe.part import Part
from builder.recipe.recipe import Base, Board, ImageOutput, NetbootOutput, Origin, Output, origin
from builder.recipe.recipe_file import ImageModel, NetbootModel

_NAMES_ALL = ("raspi-firmware",)
"""Mechanisms whose config.txt names kernel and initramfs; others leave it to the firmware to find them."""


def outputs(
    parts: Sequence[Part],
    base: Base,
    boards: Sequence[Board],
    problems: list[NodebakeError],
    origins: list[Origin],
) -> tuple[Output, ...]:
    """The outputs; what is wrong with them goes to `problems`, where each value came from to `origins`."""
    part = next((part for part in reversed(parts) if part.model.outputs is not None), None)
    if part is None or part.model.outputs is None:
        return ()
    image, netboot = part.model.outputs.image, part.model.outputs.netboot
    if image and netboot:
        message = "an image and netboot trees cannot be made of one tree"
        hint = "make two recipes that include a third one: root, fstab and initramfs differ"
        problems.append(RecipeError(message, place=part.document.key(("outputs", "netboot")), hint=hint))
    if image:
        origins += _origins(part, "image", image)
        trial = tuple(
            board.name for board in boards if base.firmware in _NAMES_ALL and board.netboot != "none"
        )
        return (ImageOutput("image", image.free, image.boot_size, image.compression, trial),)
    if netboot:
        origins += _origins(part, "netboot", netboot)
        problems += _refusals(part, netboot, boards)
        persist = tuple(path.strip("/") for path in netboot.persist)
        return (NetbootOutput("netboot", netboot.mode, netboot.writable, persist),)
    return ()


def _origins(part: Part, name: str, model: ImageModel | NetbootModel) -> Iterator[Origin]:
    for key in type(model).model_fields:
        source = part.source if key in model.model_fields_set else "default"
        place = part.document.place(("outputs", name, key))
        yield origin(f"outputs.{name}.{key}", getattr(model, key), source, place)


def _refusals(part: Part, model: NetbootModel, boards: Sequence[Board]) -> Iterator[RecipeError]:
    def place(*at: str | int) -> Place:
        return part.document.place(("outputs", "netboot", *at))

    for board in boards:
        # What lives in memory is brought there from a card, too.
        if board.netboot == "none" and model.mode != "ram":
            yield RecipeError(
                f"`{board.name}` cannot boot over the network", place=place(), hint="leave the board out"
            )
    if model.mode == "private" and model.writable != "tmpfs":
        message = f"`writable: {model.writable}` is for a root that nodes share; a private one is written to"
        yield RecipeError(message, place=place("writable"), hint="leave it out")
    if model.persist and (model.mode == "private" or model.writable == "tmpfs"):
        if model.mode == "private":
            message, hint = "a private root outlives a reboot as a whole", "leave `persist` out"
        else:
            message = "nothing in a node's memory outlives a reboot"
            hint = "add `writable: card` or `writable: loop`"
        yield RecipeError(message, place=place("persist"), hint=hint)
    for i, path in enumerate(model.persist):
        fault = _fault(path, model.persist[:i])
        if fault:
            hint = "name a folder, like `var/lib/simulation`"
            yield RecipeError(fault, place=place("persist", i), hint=hint)


def _fault(path: str, before: Sequence[str]) -> str | None:
    """What is wrong with a folder that is to persist."""
    try:
        inside = confine(path)
    except ValueError as error:
        return str(error)
    # The names become words of a list that a shell script splits.
    if inside != path.strip("/") or not inside or any(sign.isspace() or sign in ",\\'\"" for sign in inside):
        return f"`{path}` is no plain path of a folder"
    for other in before:
        known = other.strip("/")
        if f"{inside}/".startswith(f"{known}/") or f"{known}/".startswith(f"{inside}/"):
            return f"`{path}` and `{other}` lie in each other"
    return None
