# SPDX-License-Identifier: Apache-2.0
"""The verifier that a node's apt calls, sqv of the image, refuses exactly the keys that nodebake refuses."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from builder.base.openpgp import keys
from tests.archives.signer import TOOLS, Signer, signer
from tests.build.conftest import Apart
from tests.needs import needs_tool

pytestmark = [pytest.mark.build, pytest.mark.archive, needs_tool(*TOOLS)]

EMULATORS = ("qemu-aarch64-static", "qemu-aarch64")


@pytest.fixture
def made() -> Iterator[Signer]:
    with signer() as keys:
        keys.make_key(digest="SHA1")
        yield keys


def _verify(root: Path, keyring: Path, signed: Path) -> str:
    """What sqv of the tree says of a file signed with the key in `keyring`; empty if it is content."""
    emulator = next(path for name in EMULATORS if (path := shutil.which(name)))
    policy = root / "usr/share/apt/default-sequoia.config"
    assert policy.is_file()
    verified = signed.with_name("verified")
    verified.unlink(missing_ok=True)
    sqv = [emulator, "-L", str(root), str(root / "usr/bin/sqv"), "--keyring", str(keyring)]
    done = subprocess.run(
        [*sqv, "--cleartext", "--output", str(verified), str(signed)],
        env={**os.environ, "SEQUOIA_CRYPTO_POLICY": str(policy)},
        capture_output=True,
        text=True,
        check=False,
    )
    return "" if done.returncode == 0 else done.stderr


def test_the_trap_and_its_mending(docker_sdcard: Apart, made: Signer, tmp_path: Path) -> None:
    release = tmp_path / "Release"
    release.write_text("Suite: trixie\n")
    made.clearsign(release, tmp_path / "InRelease")
    (weak,) = keys(made.keyring.read_bytes())
    said = _verify(docker_sdcard.root, made.keyring, tmp_path / "InRelease")
    assert "SHA1 is not considered secure since 2026-02-01" in said
    assert weak.digests == {"SHA-1"}
    made.sign_anew()
    made.clearsign(release, tmp_path / "InRelease")
    (mended,) = keys(made.keyring.read_bytes())
    assert _verify(docker_sdcard.root, made.keyring, tmp_path / "InRelease") == ""
    assert (mended.fingerprint, mended.digests) == (weak.fingerprint, frozenset(["SHA-512"]))
