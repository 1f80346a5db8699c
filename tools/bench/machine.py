# SPDX-License-Identifier: Apache-2.0
"""What machine this is, in words that a table can carry; no name or address of it."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path


def machine(work: Path) -> dict[str, str]:
    """Processor, memory, kernel, distribution, and the file system that `work` is on."""
    return {
        "cpu": cpu_model(Path("/proc/cpuinfo").read_text()),
        "cores": str(os.cpu_count()),
        "ram": memory(Path("/proc/meminfo").read_text()),
        "kernel": f"Linux {platform.release()}",
        "distribution": pretty_name(
            Path("/etc/os-release").read_text(), Path("/etc/debian_version").read_text()
        ),
        "filesystem": filesystem(Path("/proc/self/mounts").read_text(), work),
    }


def cpu_model(cpuinfo: str) -> str:
    """The first processor's model; arm64 kernels tell only numbers."""
    match = re.search(r"^model name\s*: (.*)$", cpuinfo, re.MULTILINE)
    return " ".join(match[1].split()) if match else platform.machine()


def memory(meminfo: str) -> str:
    """All memory, in GiB."""
    match = re.search(r"^MemTotal:\s+(\d+) kB", meminfo, re.MULTILINE)
    return f"{int(match[1]) / (1 << 20):.0f} GiB" if match else "?"


def pretty_name(os_release: str, version: str) -> str:
    """The distribution, with its point release."""
    match = re.search(r'^NAME="?([^"\n]*)', os_release, re.MULTILINE)
    return f"{match[1] if match else '?'} {version.strip()}"


def filesystem(mounts: str, place: Path) -> str:
    """The type of the file system that `place` is on."""
    rows = [line.split()[1:3] for line in mounts.splitlines()]
    above = [(point, kind) for point, kind in rows if place.absolute().is_relative_to(point)]
    return max(above, key=lambda row: len(row[0]), default=("", "?"))[1]
