# SPDX-License-Identifier: Apache-2.0
"""All packages of a tree, by the helper's dpkg: unpacked natively, scripts with programs on loan."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from builder.build.bench import TREE_IN_HELPER, Bench
from builder.build.order import pre_depended
from builder.build.step.essential import discard, extract
from builder.build.step.usr import merge
from builder.errors import StepError

# Never --force-all: it holds script-chrootless, and the maintainer scripts would run outside the tree.
_FORCE = ("--force-unsafe-io", "--force-confold")
# What a Pre-Depends asks for lies in the tree by then, and is configured later.
_UNPACK = ("--force-depends", "--unpack")
_NO_SERVICES = b"#!/bin/sh\nexit 101\n"


def run(inputs: Mapping[str, Any], bench: Bench) -> None:
    """Install the packages of `inputs` into the empty tree."""
    debs = {row["name"]: f"/run/debs/{row['sha256']}.deb" for row in inputs["debs"]}
    essential = [row["name"] for row in inputs["debs"] if row["essential"]]
    if not inputs["merged_usr"]:
        merge(bench.tree)
    bench.show_to_helper()
    debs.update(zip(essential, extract([debs[name] for name in essential], bench), strict=True))
    _start_database(bench, inputs.get("foreign", ()))
    bench.furnish()
    bench.show_to_helper()
    policy = bench.tree / "usr/sbin/policy-rc.d"
    policy.write_bytes(_NO_SERVICES)
    policy.chmod(0o755)
    # As apt does it: all maintainer scripts take for granted that essential packages work.
    for wave in (essential, [name for name in debs if name not in set(essential)]):
        if wave:
            _dpkg(bench, *_UNPACK, *(debs[name] for name in wave))
            _configure(bench)
    discard()
    _dpkg(bench, "--triggers-only", "--pending")
    policy.unlink()
    _leave_to_apt(bench.tree)
    audit(bench)


def _configure(bench: Bench) -> None:
    """Configure what is unpacked."""
    first = pre_depended((bench.tree / "var/lib/dpkg/status").read_text())
    if first:
        _dpkg(bench, "--no-triggers", "--configure", *first)
    _dpkg(bench, "--no-triggers", "--configure", "--pending")


def _leave_to_apt(tree: Path) -> None:
    """Give apt's user the folders that it downloads into, which its first run would do."""
    row = re.search(r"^_apt:[^:]*:(\d+):", (tree / "etc/passwd").read_text(), re.MULTILINE)
    for name in ("var/cache/apt/archives/partial", "var/lib/apt/lists/partial"):
        if row and (tree / name).is_dir():
            os.chown(tree / name, int(row[1]), 0)
            (tree / name).chmod(0o700)


def _start_database(bench: Bench, foreign: Sequence[str]) -> None:
    """An empty dpkg database, which takes packages of `foreign` architectures too."""
    folder = bench.tree / "var/lib/dpkg"
    for name in ("info", "updates", "triggers", "alternatives", "parts"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "status").touch()
    if foreign:
        (folder / "arch").write_text(architectures(bench.architecture, foreign))


def architectures(own: str, foreign: Sequence[str]) -> str:
    """The file in which dpkg keeps what `--add-architecture` was told."""
    return "".join(f"{name}\n" for name in (own, *foreign))


def _dpkg(bench: Bench, *argv: str) -> None:
    # The firmware step makes the initramfs, once, when all that goes into it is there.
    env = {"INITRD": "No"}
    bench.in_helper(["dpkg", f"--root={TREE_IN_HELPER}", *_FORCE, *argv], env=env)


def audit(bench: Bench) -> None:
    """The tree's own dpkg must find nothing half-done."""
    done = bench.ask_tree(["dpkg", "--audit"])
    said = (done.stdout + done.stderr).decode(errors="replace").strip()
    if done.code or said:
        raise StepError("the tree's dpkg finds packages half-installed", facts=said.splitlines()[:20])
