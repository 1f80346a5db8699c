# SPDX-License-Identifier: Apache-2.0
"""Publish from the operator's machine: sign, bring what the head lacks, and have it published there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from builder.deploy import keys
from builder.deploy.keys import Ring
from builder.deploy.remote import Failed, Head, call
from builder.errors import RecipeError, RefusedError
from builder.head.node import inventory
from builder.head.release.manifest import Release
from builder.head.release.manifest import read as read_release
from builder.report.report import Report
from builder.report.silent import SilentReport

_INCOMING = ".cache/nodebake"
"""Below the home of the head's user."""


@dataclass(frozen=True)
class Wish:
    """What the operator asks for, besides the release: names of nodes, and options for nodebake-head."""

    nodes: tuple[str, ...]
    options: tuple[str, ...] = ()


def release_of(folder: Path, recipe: str) -> Release:
    """The release in `folder`, which is that of the recipe. Raises RecipeError where there is none."""
    if not (folder / "manifest.json").exists():
        raise RecipeError(
            f"there is no release of `{recipe}`",
            facts=[f"looked for `{folder / 'manifest.json'}`"],
            hint=f"nodebake build {recipe}",
        )
    return read_release(folder)


def signed(folder: Path, ring: Ring, report: Report) -> None:
    """Sign the release where that is not done. Raises RefusedError without a key."""
    if not sign_if_possible(folder, ring, report):
        raise RefusedError(
            "the release is not signed, and there is no key here to sign it with",
            facts=[f"looked for a key of `{ring.signers_file.name}` below `{ring.root / 'keys'}`"],
            hint="nodebake key new",
        )


def sign_if_possible(folder: Path, ring: Ring, report: Report) -> bool:
    """Sign the release where that is not done and there is a key; whether it is signed then.

    A signature that is there stays, whether it holds or not: what was changed since must not become good by
    being published.
    """
    if (folder / "manifest.json.sig").exists():
        return True
    private = ring.usable(date.today())
    if private is None:
        return False
    keys.sign(folder / "manifest.json", private)
    report.say(f"signed with {private.name}")
    return True


def publish(
    head: Head, folder: Path, stock: inventory.Inventory, wish: Wish, report: Report, *, sudo: bool
) -> Any:
    """Bring the release and the inventory, and publish; the head's answer."""
    words = ["--inventory", bring_stock(head, stock), *wish.options]
    if wish.nodes:
        words += ["--nodes", ",".join(wish.nodes)]
    return give(head, folder, "publish", words, report, sudo=sudo)


def bring_stock(head: Head, stock: inventory.Inventory) -> str:
    """Bring the inventory; where it is there, for the verbs that take one."""
    return head.note(f"{_INCOMING}/nodes.json", inventory.dump(stock).encode())


def give(head: Head, folder: Path, verb: str, words: Sequence[str], report: Report, *, sudo: bool) -> Any:
    """Bring a release, and have the head do with it what `verb` says; its answer."""
    release = read_release(folder)
    place = f"{_INCOMING}/{release.recipe}/{release.version}"
    dry = "--dry-run" in words
    parts = [folder / "manifest.json", folder / "manifest.json.sig"]
    # To tell what would be done takes the manifest alone.
    parts += [] if dry else _lacking(head, folder, release, sudo)
    there = head.bring(parts, place, report)
    try:
        answer = call(head, report, verb, there, *words, sudo=sudo).value
    except Failed as failed:
        # What was damaged on its way is sent anew the next time.
        if "is not what the manifest says" in failed.message:
            head.forget(place)
        raise
    if not dry:
        head.forget(place)
    return answer


def _lacking(head: Head, folder: Path, release: Release, sudo: bool) -> Sequence[Path]:
    """The artifacts that nodes boot from and that the head does not hold."""
    wanted = {release.artifact(name).sha256: folder / name for name in release.served}
    held = call(head, SilentReport(), "have", *wanted, sudo=sudo).value
    lacking = [path for sha256, path in wanted.items() if sha256 not in held]
    lost = [path.name for path in lacking if not path.exists()]
    if lost:
        raise RecipeError(
            f"`{folder}` is not whole",
            facts=[f"`{name}` is missing, here and on the head" for name in lost],
            hint="build it again",
        )
    return lacking
