# SPDX-License-Identifier: Apache-2.0
"""The one table of public archive hosts. Recipes and bases name archives by these words only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PublicArchive:
    """Where an archive is served to everyone, and the key ring that its index is signed with.

    `keyring` is where both the build machine and the image have it. Debian's comes with a package of
    Debian. Of the others the site gives the key: `fingerprint` pins it, `key_from` tells where it is had,
    and nodebake itself puts it into the image, for the packages that would bring it have changed its path
    and, for Raspbian, hold a key that apt refuses.
    """

    uri: str
    keyring: str
    fingerprint: str = ""
    key_from: str = ""


_KEYRINGS = "/usr/share/keyrings"
_BOTH = "the package raspberrypi-archive-keyring of archive.raspberrypi.com, 2025.1 or later"

PUBLIC = {
    "debian": PublicArchive("http://ftp.debian.org/debian", f"{_KEYRINGS}/debian-archive-keyring.gpg"),
    "debian-security": PublicArchive(
        "http://security.debian.org/debian-security", f"{_KEYRINGS}/debian-archive-keyring.gpg"
    ),
    "raspberrypi": PublicArchive(
        "http://archive.raspberrypi.com/debian",
        f"{_KEYRINGS}/nodebake-raspberrypi.gpg",
        "CF8A1AF502A2AA2D763BAE7E82B129927FA3303E",
        _BOTH,
    ),
    "raspbian": PublicArchive(
        "http://raspbian.raspberrypi.com/raspbian",
        f"{_KEYRINGS}/nodebake-raspbian.gpg",
        "A0DA38D0D76E8B5D638872819165938D90FDDD2E",
        _BOTH,
    ),
    # The former states of the first two, for packages that have left them.
    "snapshot": PublicArchive("http://snapshot.debian.org", f"{_KEYRINGS}/debian-archive-keyring.gpg"),
    "docker": PublicArchive(
        "https://download.docker.com/linux/debian",
        f"{_KEYRINGS}/nodebake-docker.gpg",
        "9DC858229FC7DD38854AE2D88D81803C0EBFCD88",
        "https://download.docker.com/linux/debian/gpg",
    ),
}
