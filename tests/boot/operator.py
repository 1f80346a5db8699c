# SPDX-License-Identifier: Apache-2.0
"""Who publishes to an emulated head: `nodebake` in a project of its own, over ssh, by the site's keys."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from builder.host.emulator import LOOPBACK
from tests.boot.guest import Shell
from tests.fixtures import CLUSTER, ROOT, Site
from tests.head.release import Tiny


@dataclass(frozen=True)
class Operator:
    """A project in `root`, whose calls go to the head that `shell` logs in to."""

    root: Path
    shell: Shell

    def tell(self, *words: str) -> str:
        """What `nodebake WORDS --head …` writes; AssertionError when it fails."""
        to = f"{self.shell.user}@{LOOPBACK}:{self.shell.guest.port}"
        done = subprocess.run(
            [sys.executable, "-m", "builder", "--project", str(self.root), *words, "--head", to],
            env={**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(self.root / "home"), **self._place},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, (
            f"nodebake {' '.join(words)}: {done.returncode}\n{done.stdout}{done.stderr}"
        )
        return done.stdout

    def built(self, tiny: Tiny) -> Path:
        """A release, the last that was built."""
        place = tiny.make(self.root / "out")
        latest = place.with_name("latest")
        latest.unlink(missing_ok=True)
        latest.symlink_to(place.name)
        return place

    @property
    def _place(self) -> dict[str, str]:
        return {"NODEBAKE_OUT": str(self.root / "out"), "SSH_AUTH_SOCK": ""}


def operator(site: Site, shell: Shell, root: Path) -> Operator:
    """With the keys of the site that the head was built for, and the head's own host key."""
    (root / "recipes").mkdir(parents=True)
    (root / "cluster.yaml").write_text(CLUSTER)
    shutil.copytree(site.root / "keys", root / "keys")
    shutil.copy(site.root / "release_signers", root)
    known = root / "home/.ssh"
    known.mkdir(parents=True)
    shutil.copy(site.key, known / "id_ed25519")
    public = shell.tell("cat /etc/ssh/ssh_host_ed25519_key.pub").split()
    (known / "known_hosts").write_text(f"[{LOOPBACK}]:{shell.guest.port} {public[0]} {public[1]}\n")
    return Operator(root, shell)
