# SPDX-License-Identifier: Apache-2.0
"""A machine that is none: a root directory with a fake /sys, and stubs for the programs that scripts call."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

OVERLAYS = Path(__file__).parents[3] / "overlays"


@dataclass(frozen=True)
class Machine:
    """`root` is the machine's root directory; stubs write their command line to `calls`."""

    root: Path
    stubs: Path
    calls: Path

    def write(self, path: str, content: str | bytes) -> Path:
        """A file of the machine."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    def read(self, path: str) -> str:
        return (self.root / path).read_text()

    def interface(self, name: str, mac: str, *, real: bool = True) -> None:
        """A network interface; one that is not real has no device, as bridges have none."""
        self.write(f"sys/class/net/{name}/address", mac + "\n")
        if real:
            (self.root / f"sys/class/net/{name}/device").mkdir()

    def stub(self, program: str, body: str = "") -> None:
        """A program that notes its command line and then does what the shell text says."""
        path = self.stubs / program
        path.write_text(f'#!/bin/sh\necho "{program} $*" >>"{self.calls}"\n{body}\n')
        path.chmod(0o755)

    def called(self) -> list[str]:
        return self.calls.read_text().splitlines() if self.calls.exists() else []

    def environment(self, **more: str) -> dict[str, str]:
        path = f"{self.stubs}:/usr/sbin:/usr/bin:/sbin:/bin"
        mine = {"NODEBAKE_ROOT": str(self.root), "NODEBAKE_SYS": str(self.root / "sys"), "NODEBAKE_WAIT": "0"}
        return {"PATH": path, "LC_ALL": "C.UTF-8", **mine, **more}

    def run(self, script: str, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run `OVERLAY/NAME`, a script of an overlay, to its end."""
        return self.run_file(script_path(script), *arguments, **more)

    def run_file(self, script: str, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run a script to its end."""
        return subprocess.run(
            ["sh", script, *arguments],
            env=self.environment(**more),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )


def script_path(script: str) -> str:
    overlay, name = script.split("/")
    return os.fspath(OVERLAYS / overlay / "usr/lib/nodebake" / name)
