# SPDX-License-Identifier: Apache-2.0
"""The tree as nodes see it."""

from __future__ import annotations

import hashlib

from builder.netboot.served import Served, notes, served
from builder.recipe.recipe import NetbootOutput
from builder.tree.noted import noted
from tests.unit.netboot.samples import file, folder

SHARED = NetbootOutput("netboot", "shared", "card", ("var/lib/a", "srv"))
PRIVATE = NetbootOutput("netboot", "private", "tmpfs", ())
PING = file("usr/bin/ping", xattrs=(("security.capability", "01"), ("user.x", "02")))


def test_the_root_knows_its_release_and_what_persists() -> None:
    told = notes(SHARED, "x/20260102-ab")
    assert told == {"etc/nodebake/release": b"x/20260102-ab\n", "etc/nodebake/persist": b"var/lib/a\nsrv\n"}
    seen = noted([folder(""), folder("etc"), file("usr")], told, 77)
    assert [(e.path, e.mtime) for e in seen] == [
        ("", 1),
        ("etc", 1),
        ("etc/nodebake", 77),
        ("etc/nodebake/persist", 77),
        ("etc/nodebake/release", 77),
        ("usr", 1),
    ]
    release = seen[4]
    assert (release.size, release.sha256) == (14, hashlib.sha256(b"x/20260102-ab\n").hexdigest())


def test_capabilities_survive_in_layers_and_not_as_files() -> None:
    assert served([PING], SHARED).entries == (PING,)
    seen = served([PING], PRIVATE)
    assert seen.lost == ("usr/bin/ping",)
    assert seen.entries[0].xattrs == (("user.x", "02"),)


def test_access_lists_are_left_to_the_node() -> None:
    journal = folder("var/log/journal")
    listed = journal._replace(xattrs=(("system.posix_acl_access", "02"),))
    for output in (SHARED, PRIVATE):
        assert served([listed], output) == Served((journal,))
