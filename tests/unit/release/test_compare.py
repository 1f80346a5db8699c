# SPDX-License-Identifier: Apache-2.0
"""What differs between two locks or releases."""

from __future__ import annotations

from dataclasses import replace

from builder.lock.lock import Blob, LockedImage
from builder.release.compare import compare, of_lock, of_release
from builder.release.manifest import ContainerImage, File
from tests.unit.lock.samples import lock, locked
from tests.unit.release.samples import MANIFEST


def test_packages_of_two_locks_by_size() -> None:
    before = of_lock(lock(locked("same"), locked("gone", size=5), locked("grown", "1", size=10)))
    after = of_lock(lock(locked("same"), locked("grown", "2", size=500), locked("new", size=70)))
    found = compare(before.packages, after.packages)
    assert [(each.name, each.state, each.growth, each.traits) for each in found] == [
        ("grown", "changed", 490, ("version", "content")),
        ("new", "added", 70, ()),
        ("gone", "gone", -5, ()),
    ]
    assert (before.files, after.files) == (None, None)


def test_a_release_does_not_know_how_large_its_packages_are() -> None:
    fewer = of_release(replace(MANIFEST, packages=MANIFEST.packages[:1]))
    (found,) = compare(of_release(MANIFEST).packages, fewer.packages)
    assert (found.name, found.state, found.growth) == ("raspi-firmware", "gone", None)


def test_what_has_changed_of_a_file() -> None:
    def release(*files: File) -> tuple[str, ...]:
        other = of_release(replace(MANIFEST, files=files)).files or ()
        (found,) = compare(of_release(replace(MANIFEST, files=(FILE,))).files or (), other)
        return found.traits

    assert release(replace(FILE, mode="0600", uid=7)) == ("mode", "owner")
    assert release(replace(FILE, sha256="x", size=9)) == ("content",)
    assert release(replace(FILE, xattrs=())) == ("xattrs",)


def test_dates_do_not_count() -> None:
    one, other = (of_release(replace(MANIFEST, files=(replace(FILE, mtime=n),))).files for n in (1, 2))
    assert compare(one or (), other or ()) == []


def test_images_are_told_apart_by_their_digests() -> None:
    image = LockedImage("docker.io/library/x:1", "linux/arm64", "1" * 64, Blob("2" * 64, 10), ())
    before = of_lock(replace(lock(), images=(image,)))
    released = replace(MANIFEST, packages=(), images=(ContainerImage(image.name, "linux/arm64", "3" * 64),))
    (found,) = compare(before.packages, of_release(released).packages)
    assert (found.name, found.state, found.traits) == (image.name, "changed", ("version", "content"))
    assert found.after and found.after.traits["version"] == "sha256:333333333333"


FILE = MANIFEST.files[1]
