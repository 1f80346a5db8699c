# SPDX-License-Identifier: Apache-2.0
"""The lock file."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.errors import Exit, StaleLockError
from builder.lock.file import dump, parse
from builder.lock.lock import ArchiveState, Blob, Lock, Locked, LockedImage, Request
from builder.recipe.effect import PreloadImage
from tests.unit.lock.samples import REQUEST, lock, locked

DATA = Path(__file__).parents[2] / "data"
WORDS = st.text(min_size=1, max_size=6)
TUPLES = st.lists(WORDS, max_size=3).map(tuple)
LOCKED = st.builds(
    Locked,
    *(WORDS,) * 4,
    size=st.integers(0),
    installed=st.integers(0),
    archive=WORDS,
    path=WORDS,
    section=st.just("") | WORDS,
    source=st.just("") | WORDS,
    essential=st.booleans(),
)
BLOBS = st.builds(Blob, WORDS, st.integers(0))
PACKAGES = st.lists(LOCKED, max_size=2).map(tuple)
LOCKS = st.builds(
    Lock,
    recipe=WORDS,
    request=st.builds(
        Request,
        architecture=WORDS,
        suites=st.lists(st.tuples(WORDS, WORDS, TUPLES), max_size=3).map(tuple),
        packages=TUPLES,
        helper=TUPLES,
        foreign=TUPLES,
        tools=st.lists(st.tuples(WORDS, WORDS, TUPLES), max_size=3).map(tuple),
        images=st.lists(st.builds(PreloadImage, WORDS, TUPLES, st.booleans()), max_size=2).map(tuple),
    ),
    archives=st.lists(st.builds(ArchiveState, components=TUPLES), max_size=3).map(tuple),
    packages=PACKAGES,
    helpers=st.dictionaries(st.sampled_from(["amd64", "arm64"]), PACKAGES),
    images=st.lists(
        st.builds(
            LockedImage,
            *(WORDS,) * 3,
            config=BLOBS,
            layers=st.lists(BLOBS, max_size=2).map(tuple),
            insecure=st.booleans(),
        ),
        max_size=2,
    ).map(tuple),
)


@given(LOCKS)
def test_parse_and_dump_are_inverse(value: Lock) -> None:
    text = dump(value)
    assert parse(text, "x.lock") == value
    assert dump(parse(text, "x.lock")) == text


def test_a_package_a_line() -> None:
    lines = dump(lock(locked("apt", essential=True), locked("zstd"))).splitlines()
    assert [line for line in lines if '"name": "apt"' in line] == [
        '  {"name": "apt", "version": "1.0", "architecture": "arm64", '
        f'"sha256": "{locked("apt").sha256}", "size": 1000, "installed": 4, "archive": "debian", '
        '"path": "pool/main/apt_1.0_arm64.deb", "essential": true},'
    ]


def test_a_lock_of_format_1_is_read() -> None:
    """It knew no placement, and is otherwise the same."""
    former = parse((DATA / "lock-1.lock").read_text(), "x.lock")
    assert former == lock()
    assert former.placement == ""


def test_a_lock_of_format_2_is_read() -> None:
    """It knew no foreign architectures, and no tools from other archives."""
    former = parse((DATA / "lock-2.lock").read_text(), "x.lock")
    assert former == replace(lock(), placement="ab" * 32)
    assert (former.request.foreign, former.request.tools) == ((), ())


def test_a_lock_of_format_3_is_read() -> None:
    """It knew no images."""
    former = parse((DATA / "lock-3.lock").read_text(), "x.lock")
    request = replace(REQUEST, foreign=("armhf",), tools=(("debian", "trixie", ("main",)),))
    assert former == replace(lock(request=request), placement="ab" * 32)
    assert (former.images, former.request.images) == ((), ())


def test_a_lock_of_this_format_is_read() -> None:
    text = (DATA / "lock-4.lock").read_text()
    now = parse(text, "x.lock")
    assert dump(now) == text
    assert now.request.images == (
        PreloadImage("registry.example.org:5000/group/x:1", ("linux/arm64",), True),
    )
    assert now.images == (
        LockedImage(
            "registry.example.org:5000/group/x:1",
            "linux/arm64",
            "1" * 64,
            Blob("2" * 64, 1000),
            (Blob("3" * 64, 3_000_000), Blob("4" * 64, 32)),
            insecure=True,
        ),
    )


def test_what_is_foreign_is_kept() -> None:
    tools = (("debian", "trixie", ("main",)),)
    request = replace(REQUEST, foreign=("arm64",), tools=tools)
    mixed = lock(locked("linux", architecture="arm64"), request=request)
    assert parse(dump(mixed), "x.lock") == mixed


def test_a_placement_is_kept() -> None:
    placed = replace(lock(), placement="ab" * 32)
    assert parse(dump(placed), "x.lock") == placed


def test_another_format() -> None:
    text = dump(lock()).replace('"format": 4', '"format": 5')
    assert refusal(text) == (
        "error: lock `x.lock` has format 5, this nodebake reads up to 4\n"
        "hint: use the nodebake that wrote it, or make it anew with `nodebake lock RECIPE --update`"
    )


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("", "JSONDecodeError: Expecting value: line 1 column 1 (char 0)"),
        ("[]", "TypeError: list indices must be integers or slices, not str"),
        ("{}", "KeyError: 'format'"),
        ('{"format": 1}', "KeyError: 'request'"),
        (
            dump(lock())[:100],
            "JSONDecodeError: Expecting property name enclosed in double quotes: line 4 column 71 (char 100)",
        ),
    ],
)
def test_damage(text: str, fact: str) -> None:
    assert refusal(text) == unreadable(fact)


def test_a_field_too_many() -> None:
    data = json.loads(dump(lock(locked("apt"))))
    data["packages"][0]["colour"] = "red"
    assert refusal(json.dumps(data)) == unreadable(
        "TypeError: Locked.__init__() got an unexpected keyword argument 'colour'"
    )


def test_a_field_too_few() -> None:
    data = json.loads(dump(lock(locked("apt"))))
    del data["packages"][0]["sha256"]
    assert refusal(json.dumps(data)) == unreadable(
        "TypeError: Locked.__init__() missing 1 required positional argument: 'sha256'"
    )


def unreadable(fact: str) -> str:
    return (
        f"error: lock `x.lock` cannot be read\n  {fact}\n"
        "hint: restore it, or make it anew with `nodebake lock RECIPE --update`"
    )


def refusal(text: str) -> str:
    with pytest.raises(StaleLockError) as caught:
        parse(text, "x.lock")
    assert caught.value.exit == Exit.STALE
    return caught.value.render()
