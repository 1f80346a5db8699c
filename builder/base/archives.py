# SPDX-License-Identifier: Apache-2.0
"""The one table of public archive hosts. Recipes and bases name archives by these words only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PublicArchive:
    """Where an archive is served to everyone, and the key ring that its index is signed with."""

    uri: str
    keyring: str


_KEYRINGS = "/usr/share/keyrings"

PUBLIC = {
    "debian": PublicArchive("http://ftp.debian.org/debian", f"{_KEYRINGS}/debian-archive-keyring.gpg"),
    "debian-security": PublicArchive(
        "http://security.debian.org/debian-security", f"{_KEYRINGS}/debian-archive-keyring.gpg"
    ),
    "raspberrypi": PublicArchive(
        "http://archive.raspberrypi.com/debian", f"{_KEYRINGS}/raspberrypi-archive-keyring.gpg"
    ),
    "raspbian": PublicArchive(
        "http://raspbian.raspberrypi.com/raspbian", f"{_KEYRINGS}/raspbian-archive-keyring.gpg"
    ),
    # The former states of the first two, for packages that have left them.
    "snapshot": PublicArchive("http://snapshot.debian.org", f"{_KEYRINGS}/debian-archive-keyring.gpg"),
    "docker": PublicArchive("https://download.docker.com/linux/debian", f"{_KEYRINGS}/docker.gpg"),
}
