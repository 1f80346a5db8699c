# SPDX-License-Identifier: Apache-2.0
"""Recipes of this checkout, built for real, once for all tests of a run.

The project is a copy with a site of its own, whose key the tests hold. NODEBAKE_STORE, or else the user's
own store, is used: what it has is not built again. NODEBAKE_TEST_PROJECT names a folder to keep project and
images in, so that the next run finds them.
"""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from builder.boot.machine import MAC
from builder.release.manifest import Manifest, parse

ROOT = Path(__file__).parents[1]
NODE_NUMBER = 7
CLUSTER = f"""\
format: 1
head: {{name: sevastopol, board: pi3bplus, address: 10.42.0.250}}
networks: {{lan: {{subnet: 10.42.0.0/24, first: 10.42.0.1}}}}
defaults: {{board: pi3b, network: lan}}
nodes:
  - {{number: {NODE_NUMBER}, mac: "{MAC}"}}
"""


@dataclass(frozen=True)
class Site:
    """A project with a key pair, and an inventory of one node, the emulated board: node07."""

    root: Path

    @property
    def key(self) -> Path:
        return self.root / "keys" / "operator"

    def built(self, recipe: str, *words: str) -> dict[str, Any]:
        """What `nodebake build RECIPE --json WORDS` answers; it runs once."""
        return _build(self.root, recipe, *words)

    def say(self, *words: str) -> str:
        """What `nodebake WORDS` answers, in this project."""
        return _nodebake(self.root, *words, NODEBAKE_OUT=str(self.root / "out"))

    def manifest(self, recipe: str, *words: str) -> Manifest:
        """The release manifest of a recipe."""
        return parse(Path(self.built(recipe, *words)["manifest"]).read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The project of this run; its images are removed at the end."""
    kept = os.environ.get("NODEBAKE_TEST_PROJECT")
    root = Path(kept).absolute() if kept else tmp_path_factory.getbasetemp() / "project"
    yield _site(root)
    if not kept:
        shutil.rmtree(root / "out", ignore_errors=True)


@functools.cache
def _site(root: Path) -> Site:
    for folder in ("recipes", "overlays"):
        shutil.rmtree(root / folder, ignore_errors=True)
        shutil.copytree(ROOT / folder, root / folder, symlinks=True)
    if (root / "site.yaml").exists():
        return Site(root)
    # A home without keys: so init makes a pair, and the tests can log in.
    _nodebake(root, "init", HOME=str(root))
    # What a head is baked with, and what signs releases for it.
    _nodebake(root, "key", "new")
    (root / "cluster.yaml").write_text(CLUSTER)
    with (root / "site.yaml").open("a") as file:
        # For boards without Ethernet. The secret is asked for at flash time only.
        file.write("wifi: {ssid: cluster, country: DE, psk: {secret: wifi}}\n")
        file.write("secrets: {wifi: {file: keys/wifi}}\n")
    return Site(root)


@functools.cache
def _build(root: Path, recipe: str, *words: str) -> dict[str, Any]:
    answer = json.loads(_nodebake(root, "build", recipe, *words, "--json", NODEBAKE_OUT=str(root / "out")))
    assert isinstance(answer, dict)
    return answer


def _nodebake(root: Path, *words: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "builder", *words],
        cwd=root,
        # The tests import `builder` from the checkout; so must this, which runs elsewhere.
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"nodebake {' '.join(words)}: {done.returncode}\n{done.stderr}"
    return done.stdout
