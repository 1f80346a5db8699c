# SPDX-License-Identifier: Apache-2.0
"""The head's package installed in roots as the head has them, emulated; it publishes and rolls back there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from builder.archive.hosts import machine_archives
from builder.base.archives import PUBLIC
from builder.host.chroot import FOREIGN
from builder.host.identity import COUNT, IdMap, id_map
from builder.host.process import find
from tests.head.ground import make_ground
from tests.head.release import Tiny
from tests.head.test_package import build
from tests.needs import needs_subordinate_ids, needs_tool
from tests.unit.rules.source import ROOT

# Root has all ids.
pytestmark = [] if os.geteuid() == 0 else [needs_subordinate_ids]
FIRST = Tiny()
PRIVATE = Tiny(version="20260301-cccccccc", epoch=1772323200, mode="private")
NEEDS = "python3,dnsmasq-base,nfs-kernel-server,openssh-client,zstd,sudo"
# In a user namespace with a binfmt_misc of its own: nothing of the machine's is touched.
OUTSIDE = """\
set -eu
read -r _
exec unshare --mount --pid --fork --kill-child --mount-proc "$0" -c "
from pathlib import Path
from builder.host.chroot import FOREIGN, register
import os, sys
register(FOREIGN[sys.argv[1]], Path(sys.argv[2]))
os.execvp(sys.argv[3], sys.argv[3:])
" "$@"
"""
# In the root: publish one release after the other, go back, and tell what the link says each time.
INSIDE = """\
set -eu
dpkg --print-architecture
python3 --version
apt-get install --yes --no-install-recommends /srv/ground/nodebake-head.deb >/dev/null
getent group nodebake
visudo --check --quiet
cp /srv/ground/allowed_signers /etc/nodebake/
cd /srv/ground
# No service runs here that could be reloaded.
mkdir /srv/etc
cp -r /etc/nodebake /srv/etc
head="nodebake-head --pxe /pxe --etc /srv/etc"
out() { readlink /pxe/boot/b8-27-eb-00-00-01; }
$head publish out/tiny/FIRST --inventory nodes.json --nfs kernel && out
$head publish out/tiny/PRIVATE --nfs kernel && out
$head rollback && out
$head verify
$head gc --keep 1 --nfs kernel
out
"""


@pytest.fixture
def room() -> Iterator[Path]:
    """A folder that mapped ids may enter."""
    with tempfile.TemporaryDirectory(prefix="nodebake-package-", dir="/var/tmp") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@needs_tool("mmdebstrap", "dpkg-deb", "ssh-keygen", "zstd", "unshare")
@pytest.mark.archive
@pytest.mark.parametrize(("architecture", "suite"), [("armhf", "bookworm"), ("arm64", "trixie")])
def test_it_serves_on_the_heads_own_architectures(architecture: str, suite: str, room: Path) -> None:
    ground = make_ground(room / "ground")
    for tiny in (FIRST, PRIVATE):
        ground.made(tiny)
    shutil.copy(ground.layout.signers, ground.folder)
    shutil.copy(build(room / "deb"), ground.folder / "nodebake-head.deb")
    script = INSIDE.replace("FIRST", FIRST.version).replace("PRIVATE", PRIVATE.version)
    (ground.folder / "script").write_text(script)
    told = emulated(
        architecture,
        ["mmdebstrap", "--mode=root", "--skip=check/qemu", f"--architectures={architecture}", "--variant=apt"]
        + [f"--include={NEEDS}", f"--customize-hook=copy-in {ground.folder} /srv"]
        + ['--customize-hook=chroot "$1" sh /srv/ground/script >&2', suite, "/dev/null", mirror()],
        room,
    )
    assert f"\n{architecture}\n" in told
    assert [line for line in told.splitlines() if line.startswith("../instances/")] == [
        f"../instances/node01/tiny-{version}/boot"
        for version in (FIRST.version, PRIVATE.version, FIRST.version, FIRST.version)
    ], told[-3000:]


def emulated(architecture: str, argv: list[str], room: Path) -> str:
    """Run a command where programs of the architecture run; what it says."""
    emulator = find(*FOREIGN[architecture].emulators)
    assert emulator
    command = ["unshare", "--user", "sh", "-c", OUTSIDE, sys.executable, architecture, str(emulator), *argv]
    # As root, with the ids that are there: the namespace is for the emulator's sake.
    whole = ((0, 0, COUNT),)
    ids = IdMap(whole, whole) if os.geteuid() == 0 else id_map()
    env = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(room), "LC_ALL": "C.UTF-8"}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=env, text=True
    ) as process:
        await_namespace(process.pid)
        ids.apply(process.pid)
        told, _ = process.communicate("\n")
    assert process.returncode == 0, told[-3000:]
    return told


def await_namespace(pid: int) -> None:
    """Until the process has left our user namespace."""
    ours = os.readlink("/proc/self/ns/user")  # noqa: PTH115 - it leads to no file
    while os.readlink(f"/proc/{pid}/ns/user") == ours:  # noqa: PTH115
        pass


def mirror() -> str:
    """Debian's archive as this machine reaches it."""
    named = os.environ.get("NODEBAKE_ARCHIVE_DEBIAN")
    return named or machine_archives().get("debian", PUBLIC["debian"].uri)
