# SPDX-License-Identifier: Apache-2.0
"""A project whose bases `raspios` and `raspbian` come from archives that the test makes and signs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builder.base import definition as bases
from builder.board.definition import load as load_board
from builder.host.sources import FolderSources
from builder.lock.request import request
from builder.recipe.fit import unfit
from builder.recipe.resolve import resolve
from tests.archives import raspberrypi, raspbian
from tests.archives.deb import TOOLS as PACKING
from tests.archives.signer import TOOLS as SIGNING
from tests.archives.signer import Signer

ROOT = Path(__file__).parents[2]
TOOLS = (*SIGNING, *PACKING, "ssh-keygen")
# What the packages of the Raspberry Pi archive depend on.
_NEEDED = ("fdisk", "dosfstools", "init-system-helpers", "initramfs-tools", "kmod", "linux-base", "rsync")
_SITE = """\
archives:
  raspberrypi: {{uri: "{pi}", keyring: keys/archives.gpg, fingerprint: {key}, image_uri: "{public_pi}"}}
  raspbian: {{uri: "{raspbian}", keyring: keys/archives.gpg, fingerprint: {key}, image_uri: "{public}"}}
"""
# For boards without Ethernet.
_WIFI = """\
wifi: {ssid: nodes, country: DE, psk: {secret: psk}}
secrets: {psk: {env: NODES_PSK}}
"""
PUBLIC_PI, PUBLIC_RASPBIAN = "http://pi.example.org/debian", "http://pi.example.org/raspbian"


@dataclass(frozen=True)
class PiProject:
    """The project in `root`; `signer` signs its archives."""

    root: Path
    signer: Signer

    def call(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "builder", *words],
            cwd=self.root,
            env={**os.environ, "PYTHONPATH": str(ROOT), "NODEBAKE_OUT": str(self.root / "out")},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def built(self, recipe: str, *words: str) -> dict[str, Any]:
        """What `nodebake build RECIPE --json WORDS` answers."""
        done = self.call("build", recipe, *words, "--json")
        assert done.returncode == 0, done.stderr
        answer = json.loads(done.stdout)
        assert isinstance(answer, dict)
        return answer


def make(root: Path, signer: Signer, recipe: str, boards: Sequence[str], *more: str) -> PiProject:
    """A project in `root` with this checkout's recipes, and archives for `recipe` on `boards`.

    They have what both bases want for it there, and the packages `more`.
    """
    for folder in ("recipes", "overlays"):
        shutil.copytree(ROOT / folder, root / folder, symlinks=True)
    signer.make_key("archives of a test")
    (root / "keys").mkdir()
    shutil.copyfile(signer.keyring, root / "keys/archives.gpg")
    project = PiProject(root, signer)
    assert project.call("init", "--key", str(_public_key(root))).returncode == 0
    (root / "site.yaml").write_text((root / "site.yaml").read_text() + _WIFI)
    names, flavours = set(_NEEDED), set()
    for base in ("raspbian", "raspios"):
        fit = [board for board in boards if not unfit(bases.load(base), load_board(board))]
        resolved = resolve(FolderSources(root), recipe, {"base": base, "boards": ",".join(fit)})
        flavours |= {kernel.flavour for kernel in resolved.kernels}
        names |= {name for name in request(resolved).packages if not _is_the_pis(name)}
    pi = raspberrypi.write(root / "archives/raspberrypi", root / "work/raspberrypi", signer, sorted(flavours))
    wanted = sorted({*names, *more})
    own = raspbian.write(root / "archives/raspbian", root / "work/raspbian", signer, wanted)
    site = _SITE.format(
        pi=pi.uri, raspbian=own.uri, key=signer.fingerprint(), public_pi=PUBLIC_PI, public=PUBLIC_RASPBIAN
    )
    with (root / "site.yaml").open("a") as file:
        file.write(site)
    return project


def _public_key(root: Path) -> Path:
    path = root / "keys/operator"
    argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)]
    subprocess.run(argv, check=True, stdin=subprocess.DEVNULL)
    return path.with_suffix(".pub")


def _is_the_pis(name: str) -> bool:
    return name.startswith(("linux-image-rpi-", "raspberrypi-", "raspi-firmware", "rpi-"))
