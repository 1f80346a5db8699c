# SPDX-License-Identifier: Apache-2.0
"""The names that an image carries, all derived from one seed: no randomness, yet no two images alike.

The boot loader finds the root file system by PARTUUID, and that is the disk id; so fstab, cmdline.txt and
the partition table must all be told by the same value.
"""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "image.nodebake")


@dataclass(frozen=True)
class Identity:
    """`disk_id` is the MBR signature, `fat_serial` eight hex digits, the others UUID texts."""

    disk_id: int
    root_uuid: str
    hash_seed: str
    fat_serial: str

    def partuuid(self, number: int) -> str:
        """How Linux names partition `number` of an MBR disk: disk id and two hex digits."""
        return f"{self.disk_id:08x}-{number:02x}"

    @property
    def boot_uuid(self) -> str:
        """The FAT serial as blkid shows it: `XXXX-XXXX`."""
        return f"{self.fat_serial[:4]}-{self.fat_serial[4:]}".upper()


def derive(seed: str) -> Identity:
    """The identity that belongs to a seed, a hex id such as a plan's."""
    return Identity(
        disk_id=_word(seed, "disk"),
        root_uuid=str(uuid.uuid5(_NAMESPACE, f"root {seed}")),
        hash_seed=str(uuid.uuid5(_NAMESPACE, f"hash {seed}")),
        fat_serial=f"{_word(seed, 'fat'):08x}",
    )


def _word(seed: str, purpose: str) -> int:
    """32 bits; never 0, which means `none` in a partition table."""
    digest = hashlib.sha256(f"{purpose} {seed}".encode()).digest()
    return int.from_bytes(digest[:4], "big") or 1
