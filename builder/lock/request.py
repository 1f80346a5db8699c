# SPDX-License-Identifier: Apache-2.0
"""What a recipe asks of the archives, and how a lock differs from that or from another lock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from builder.lock.lock import Lock, Request, Suites
from builder.recipe.effect import Package, PreloadImage
from builder.recipe.recipe import NetbootOutput, Recipe, Suite

ESSENTIAL = "?essential"

HELPER = (
    ESSENTIAL,
    "cpio",
    "e2fsprogs",
    "kmod",
    "openssh-client",
    "systemd",
    "ucf",
    "udev",
    "xz-utils",
    "zstd",
)
"""The native root: the tools that make bytes, and the twins of what maintainer scripts run."""

LAYERS = ("squashfs-tools",)
"""What makes the layers of a root for netboot."""

_TWINS = ("dracut-install", "openssl", "perl", "python3", "python3-minimal")
CHOICES = ("usr-is-merged",)
"""Packages that choose among the alternatives that essential ones depend on: without this one apt takes
usrmerge, and a whole perl with it."""


def helper_packages(wanted: Request, tree: Iterable[str]) -> tuple[str, ...]:
    """What the helper needs to stand in for a tree of these packages.

    An interpreter comes with its full library exactly when the tree has that: a lent perl that
    finds more compiled modules than the tree has plain ones believes that all are there. openssl
    names every certificate of ca-certificates by its hash.
    """
    present = set(tree)
    return (*wanted.helper, *(name for name in (*_TWINS, *CHOICES) if name in present))


def request(recipe: Recipe) -> Request:
    """The request that answers `recipe`; equal recipes make equal requests."""
    layers = LAYERS if any(isinstance(output, NetbootOutput) for output in recipe.outputs) else ()
    asked = {effect.name for effect in recipe.effects() if isinstance(effect, Package)}
    return Request(
        architecture=recipe.base.architecture,
        suites=_suites(recipe.suites),
        packages=tuple(sorted({ESSENTIAL, "apt", *asked})),
        helper=(*HELPER, *layers),
        foreign=tuple(sorted({name.partition(":")[2] for name in asked} - {""})),
        tools=_suites(recipe.base.tools),
        images=tuple(effect for effect in recipe.effects() if isinstance(effect, PreloadImage)),
    )


def _suites(suites: Iterable[Suite]) -> Suites:
    return tuple((s.archive, s.suite, s.components) for s in suites)


def staleness(lock: Lock, wanted: Request) -> list[str]:
    """Why `lock` does not answer `wanted`: a line each, empty when it does."""
    had = lock.request
    reasons = []
    if had.architecture != wanted.architecture:
        reasons.append(f"architecture was {had.architecture}, is {wanted.architecture}")
    if had.foreign != wanted.foreign:
        reasons.append(f"foreign architectures were {_listed(had.foreign)}, are {_listed(wanted.foreign)}")
    if (had.suites, had.tools) != (wanted.suites, wanted.tools):
        reasons.append("archives or suites have changed")
    added = sorted(set(wanted.packages) - set(had.packages))
    gone = sorted(set(had.packages) - set(wanted.packages))
    reasons += [f"asked for since: {name}" for name in added]
    reasons += [f"no longer asked for: {name}" for name in gone]
    if had.images != wanted.images:
        reasons.append("images of registries are asked for otherwise")
    if had.helper != wanted.helper:
        reasons.append("the tools of the build have changed")
    return reasons


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names) or "none"


@dataclass(frozen=True)
class Change:
    """A package or an image that differs between two locks; a version is empty where it is absent."""

    name: str
    before: str
    after: str

    def __str__(self) -> str:
        if not self.before:
            return f"+ {self.name} {self.after}"
        if not self.after:
            return f"- {self.name} {self.before}"
        return f"  {self.name} {self.before} → {self.after}"


def changes(before: Lock, after: Lock) -> list[Change]:
    """Packages of the tree that were added, went, or changed, by name; then images, by name too."""
    old = {p.qualified(before.request.architecture): (p.version, p.sha256) for p in before.packages}
    new = {p.qualified(after.request.architecture): (p.version, p.sha256) for p in after.packages}
    return [*_changed(old, new), *_changed(*map(_images, (before, after)))]


def _images(lock: Lock) -> dict[str, tuple[str, str]]:
    return {image.name: (short(image.sha256), image.sha256) for image in lock.images}


def _changed(old: Mapping[str, tuple[str, str]], new: Mapping[str, tuple[str, str]]) -> Iterator[Change]:
    """From name → version and sha256."""
    for name in sorted(old.keys() | new.keys()):
        (former, was), (now, is_) = old.get(name, ("", "")), new.get(name, ("", ""))
        if was != is_:
            yield Change(name, former, now)


def short(sha256: str) -> str:
    """A digest as people tell images apart by it."""
    return f"sha256:{sha256[:12]}"
