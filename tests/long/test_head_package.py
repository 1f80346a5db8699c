# SPDX-License-Identifier: Apache-2.0
"""The head's package installed in roots as the head has them, emulated; it publishes and rolls back there."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from builder.archive.hosts import machine_archives
from builder.base.archives import PUBLIC
from tests.head.ground import make_ground
from tests.head.release import Tiny
from tests.head.test_package import build
from tests.needs import needs_tool

FIRST = Tiny()
PRIVATE = Tiny(version="20260301-cccccccc", epoch=1772323200, mode="private")
NEEDS = "python3,dnsmasq-base,nfs-kernel-server,openssh-client,zstd,sudo"
# In the root: publish one release after the other, go back, and tell what the link says each time.
SCRIPT = """\
set -eu
dpkg --print-architecture
python3 --version
apt-get install --yes --no-install-recommends /srv/ground/nodebake-head.deb >/dev/null
getent group nodebake >/dev/null
visudo --check --quiet
cp /srv/ground/allowed_signers /etc/nodebake/
cd /srv/ground
out() { readlink /pxe/boot/b8-27-eb-00-00-01; }
nodebake-head publish out/tiny/FIRST --inventory nodes.json --nfs kernel && out
nodebake-head publish out/tiny/PRIVATE --nfs kernel && out
nodebake-head rollback && out
nodebake-head verify
nodebake-head gc --keep 1 --nfs kernel
out
"""


@needs_tool("mmdebstrap", "dpkg-deb", "ssh-keygen", "zstd")
@pytest.mark.archive
@pytest.mark.parametrize(("architecture", "suite"), [("armhf", "bookworm"), ("arm64", "trixie")])
def test_it_serves_on_the_heads_own_architectures(architecture: str, suite: str, tmp_path: Path) -> None:
    ground = make_ground(tmp_path / "ground")
    for tiny in (FIRST, PRIVATE):
        ground.made(tiny)
    shutil.copy(ground.layout.signers, ground.folder)
    shutil.copy(build(tmp_path / "deb"), ground.folder / "nodebake-head.deb")
    # Services are there on a head that is up; here nothing is started.
    script = SCRIPT.replace("FIRST", FIRST.version).replace("PRIVATE", PRIVATE.version)
    (ground.folder / "script").write_text(script)
    mirror = machine_archives().get("debian", PUBLIC["debian"].uri)
    argv = ["mmdebstrap", f"--architectures={architecture}", "--variant=apt", f"--include={NEEDS}"]
    argv += [f"--customize-hook=copy-in {ground.folder} /srv"]
    argv += ['--customize-hook=chroot "$1" sh /srv/ground/script >&2', suite, "/dev/null", mirror]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    told = [line for line in done.stderr.splitlines() if line.startswith("../instances/")]
    assert told == [
        f"../instances/node01/tiny-{version}/boot"
        for version in (FIRST.version, PRIVATE.version, FIRST.version, FIRST.version)
    ]
    assert f"\n{architecture}\n" in done.stderr
