# SPDX-License-Identifier: Apache-2.0
"""Logging in to a node of a network that is in namespaces of its own."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

from builder.host.lan import Lan


@dataclass(frozen=True)
class Login:
    """Logging in to a node from the head, its host key known."""

    net: Lan
    address: str
    key: Path
    known: Path

    def ssh(self, command: str, seconds: float = 120) -> subprocess.CompletedProcess[str]:
        """Run a command there; never asks anything."""
        settings = (
            *("BatchMode=yes", "StrictHostKeyChecking=yes", f"UserKnownHostsFile={self.known}"),
            *("LogLevel=ERROR", "ConnectTimeout=30"),
        )
        fixed = [word for setting in settings for word in ("-o", setting)]
        return subprocess.run(
            self.net.within("ssh", "-F", "none", "-i", self.key, *fixed, f"admin@{self.address}", command),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    def answers(self) -> bool:
        """Whether one can log in by now."""
        try:
            return self.ssh("true", seconds=60).returncode == 0
        except subprocess.TimeoutExpired:
            return False

    def tell(self, command: str, seconds: float = 120) -> str:
        """What a command writes; AssertionError when it fails."""
        done = self.ssh(command, seconds)
        assert done.returncode == 0, f"`{command}` ended with {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout.strip()
