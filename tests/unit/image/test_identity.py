# SPDX-License-Identifier: Apache-2.0
from builder.image.identity import derive

SEED = "ab" * 32


def test_every_name_follows_from_the_seed() -> None:
    identity = derive(SEED)
    assert identity == derive(SEED)
    assert identity != derive("ac" * 32)
    assert identity.root_uuid != identity.hash_seed


def test_partuuid_is_the_disk_id_and_the_number() -> None:
    identity = derive(SEED)
    assert identity.partuuid(2) == f"{identity.disk_id:08x}-02"


def test_the_values_are_pinned() -> None:
    identity = derive(SEED)
    assert (identity.partuuid(2), identity.boot_uuid) == ("88d94b30-02", "B638-B1AF")
