# SPDX-License-Identifier: Apache-2.0
"""What is written is what Python's own tar reader reads."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

from builder.netboot.tar import Member, write
from builder.tree.entry import Entry, Kind
from tests.unit.netboot.samples import file, folder

LONG = "a" * 90 + "/" + "b" * 120 + "ü\udcff"
CAPABILITY = "0100000200200000000000000000000000000000"


def written(*members: Member) -> tarfile.TarFile:
    sink = io.BytesIO()
    write(members, sink)
    return tarfile.open(fileobj=io.BytesIO(sink.getvalue()), errors="surrogateescape")


def content(folder_: Path, text: bytes) -> Path:
    path = folder_ / str(len(list(folder_.iterdir())))
    path.write_bytes(text)
    return path


def test_kinds_owners_and_dates(tmp_path: Path) -> None:
    tar = written(
        Member(file("etc/shadow", size=5, mode=0o640, gid=42, mtime=7), content(tmp_path, b"hello")),
        Member(folder("", mode=0o700)),
        Member(folder("etc")),
        Member(Entry("etc/mtab", Kind.LINK, 0o777, 0, 0, 3, target="/proc/mounts")),
        Member(Entry("dev", Kind.CHARACTER, 0o600, 1, 2, 3, device="5:1")),
    )
    assert [(i.name, i.mode, i.uid, i.gid, i.mtime) for i in tar] == [
        (".", 0o700, 0, 0, 1),
        ("./dev", 0o600, 1, 2, 3),
        ("./etc", 0o755, 0, 0, 1),
        ("./etc/mtab", 0o777, 0, 0, 3),
        ("./etc/shadow", 0o640, 0, 42, 7),
    ]
    device = tar.getmember("./dev")
    assert (device.type, device.devmajor, device.devminor) == (tarfile.CHRTYPE, 5, 1)
    assert tar.getmember("./etc/mtab").linkname == "/proc/mounts"
    stream = tar.extractfile("./etc/shadow")
    assert stream and stream.read() == b"hello"


def test_long_names_and_attributes(tmp_path: Path) -> None:
    ping = file("usr/bin/ping", size=1, xattrs=(("security.capability", CAPABILITY),))
    tar = written(Member(file(LONG, size=2), content(tmp_path, b"xy")), Member(ping, content(tmp_path, b"p")))
    assert tar.getnames() == [f"./{LONG}", "./usr/bin/ping"]
    value = tar.getmember("./usr/bin/ping").pax_headers["SCHILY.xattr.security.capability"]
    assert value.encode("utf-8", "surrogateescape").hex() == CAPABILITY


def test_a_group_of_hard_links_has_its_content_once(tmp_path: Path) -> None:
    same = content(tmp_path, b"same")
    tar = written(*(Member(file(path, size=4, links="a"), same) for path in ("b", "a", "c")))
    assert [(i.name, i.type, i.size, i.linkname) for i in tar] == [
        ("./a", tarfile.REGTYPE, 4, ""),
        ("./b", tarfile.LNKTYPE, 0, "./a"),
        ("./c", tarfile.LNKTYPE, 0, "./a"),
    ]


def test_plain_names_need_no_extended_header(tmp_path: Path) -> None:
    sink = io.BytesIO()
    write([Member(file("etc/x", size=1), content(tmp_path, b"1"))], sink)
    assert len(sink.getvalue()) == 4 * 512
