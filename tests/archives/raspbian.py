# SPDX-License-Identifier: Apache-2.0
"""The Raspbian archive, as far as a recipe needs it: Debian's armhf packages as they are.

They have the right names, dependencies and binary interface, and the wrong instruction set: Debian's
armhf is ARMv7. So a tree of them is good for a Pi 2 or later and has to fail the check for ARMv6. Debian's
armel packages would pass that check, but calls between programs are not those of armhf: to call them
armhf would be a lie that dpkg believes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tests.archives import of_debian
from tests.archives.repository import Repository, sections
from tests.archives.signer import Signer

COMPONENTS = ("main", "contrib", "non-free", "rpi")


def write(root: Path, work: Path, signer: Signer, names: Sequence[str]) -> Repository:
    """The archive in `root` with all that `names` amount to."""
    found = of_debian.packages_as_they_are(of_debian.TRIXIE, "armhf", names, work / "indexes", signer)
    by_component = sections(of_debian.files(found.values()))
    repository = Repository(root, signer, ("armhf",))
    # Raspbian knows no component non-free-firmware.
    by_component["non-free"] = [
        *by_component.pop("non-free-firmware", ()),
        *by_component.get("non-free", ()),
    ]
    repository.publish("trixie", {name: by_component.get(name, []) for name in COMPONENTS})
    return repository
