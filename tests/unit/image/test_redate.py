# SPDX-License-Identifier: Apache-2.0

from builder.image.placement import Placed, Placement
from builder.image.redate import Redated, redate
from builder.tree.entry import Entry, Kind

FIRST, SECOND = 1000, 2000
CACHE = Entry("etc/ld.so.cache", Kind.FILE, 0o644, 0, 0, FIRST, size=3, sha256="aa")
ETC = Entry("etc", Kind.DIRECTORY, 0o755, 0, 0, FIRST)
PACKAGED = Entry("etc/issue", Kind.FILE, 0o644, 0, 0, 500, size=3, sha256="bb")


def placement(made: Redated) -> Placement:
    """What a release of these dates leaves to the next."""
    files = {path: Placed(20, (), date, digest) for path, (date, digest) in made.dates.items()}
    return Placement(FIRST, 0, 1, 8192, files)


def later(*entries: Entry) -> list[Entry]:
    """The same, built with the next release's epoch."""
    return [entry._replace(mtime=SECOND) if entry.mtime == FIRST else entry for entry in entries]


BEFORE = placement(redate([ETC, CACHE, PACKAGED], FIRST, None))


def dates(*entries: Entry) -> dict[str, int]:
    return {entry.path: entry.mtime for entry in redate(entries, SECOND, BEFORE).entries}


def test_a_first_release_dates_by_its_epoch() -> None:
    made = redate([ETC, CACHE, PACKAGED], FIRST, None)
    assert made.entries == [ETC, CACHE, PACKAGED]
    assert {path: date for path, (date, _) in made.dates.items()} == {"etc": FIRST, CACHE.path: FIRST}


def test_what_is_the_same_keeps_its_date() -> None:
    assert dates(*later(ETC, CACHE, PACKAGED)) == {"etc": FIRST, CACHE.path: FIRST, PACKAGED.path: 500}


def test_it_keeps_it_over_many_releases() -> None:
    second = redate(later(ETC, CACHE, PACKAGED), SECOND, BEFORE)
    third = [entry._replace(mtime=3000) for entry in (ETC, CACHE)]
    assert {e.mtime for e in redate([*third, PACKAGED], 3000, placement(second)).entries} == {FIRST, 500}


def test_what_differs_in_anything_is_dated_anew() -> None:
    for change in ({"sha256": "cc"}, {"mode": 0o600}, {"uid": 7}, {"xattrs": (("user.x", "00"),)}):
        other = CACHE._replace(mtime=SECOND, **change)
        assert dates(*later(ETC), other, PACKAGED)[CACHE.path] == SECOND, change


def test_a_directory_with_other_names_in_it_is_dated_anew() -> None:
    assert dates(*later(ETC, CACHE))["etc"] == SECOND
    assert dates(*later(ETC, CACHE, PACKAGED._replace(sha256="dd")))["etc"] == FIRST


def test_what_packages_bring_is_left_alone() -> None:
    assert dates(PACKAGED._replace(mtime=700))[PACKAGED.path] == 700


def test_the_file_that_clocks_start_at_has_each_releases_date() -> None:
    clock = Entry("usr/lib/clock-epoch", Kind.FILE, 0o644, 0, 0, FIRST)
    before = placement(redate([clock], FIRST, None))
    assert redate([clock._replace(mtime=SECOND)], SECOND, before).entries[0].mtime == SECOND
