# SPDX-License-Identifier: Apache-2.0
"""What a recipe asks of the archives, and how locks differ."""

from __future__ import annotations

from dataclasses import replace

from builder.lock.lock import Blob, LockedImage
from builder.lock.request import HELPER, LAYERS, changes, helper_packages, request, staleness
from builder.recipe.effect import PreloadImage
from tests.unit.lock.samples import REQUEST, lock, locked
from tests.unit.recipe.project import SITE, recipe

X = "format: 1\nboards: [pi4]\nlayers:\n  - packages: [nano]\n  - users: [{name: me, keys: site}]\n"


def test_a_recipe_asks_for_its_packages_its_bases_and_the_essential_ones() -> None:
    found = recipe({"recipes/x.yaml": X, "site.yaml": SITE})
    asked = request(found)
    assert asked.architecture == "arm64"
    assert {"?essential", "apt", "nano", "linux-image-arm64"} <= set(asked.packages)
    assert list(asked.packages) == sorted(set(asked.packages))
    assert [suite[:2] for suite in asked.suites] == [(s.archive, s.suite) for s in found.base.suites]
    assert asked.helper == HELPER


def test_who_boots_over_the_network_needs_what_makes_layers() -> None:
    found = recipe({"recipes/x.yaml": f"{X}outputs: {{netboot: {{}}}}\n", "site.yaml": SITE})
    assert request(found).helper == (*HELPER, *LAYERS)


def test_the_helper_has_the_interpreters_of_the_tree() -> None:
    assert helper_packages(REQUEST, ["perl-base", "zstd"]) == REQUEST.helper
    assert helper_packages(REQUEST, ["python3", "perl"]) == (*REQUEST.helper, "perl", "python3")
    assert helper_packages(REQUEST, ["openssl"]) == (*REQUEST.helper, "openssl")


def test_the_helper_chooses_as_the_tree_does() -> None:
    # Or it would have usrmerge, and with that a whole perl, which the tree has not.
    assert helper_packages(REQUEST, ["usr-is-merged"]) == (*REQUEST.helper, "usr-is-merged")


def test_the_kernels_asked_for_are_those_of_the_boards() -> None:
    text = X.replace("boards: [pi4]", "base: debian-armhf\nboards: [pi2b, pi3b]")
    asked = request(recipe({"recipes/x.yaml": text, "site.yaml": SITE}))
    assert asked.architecture == "armhf"
    assert [name for name in asked.packages if name.startswith("linux-image")] == ["linux-image-armmp"]


def test_the_same_request_is_not_stale() -> None:
    assert staleness(lock(), REQUEST) == []


def test_every_reason_is_told() -> None:
    wanted = replace(
        REQUEST,
        architecture="armhf",
        suites=(),
        packages=("?essential", "nano", "vim"),
        helper=("?essential",),
        images=(PreloadImage("docker.io/library/x:1", ("linux/arm64",)),),
    )
    assert staleness(lock(), wanted) == [
        "architecture was arm64, is armhf",
        "archives or suites have changed",
        "asked for since: nano",
        "asked for since: vim",
        "no longer asked for: apt",
        "images of registries are asked for otherwise",
        "the tools of the build have changed",
    ]


def test_changes_by_name() -> None:
    before = lock(locked("a"), locked("b"), locked("c"), locked("e"))
    after = lock(locked("b", "2.0"), locked("c"), locked("d"), locked("e", sha256="f" * 64))
    assert [str(change) for change in changes(before, after)] == [
        "- a 1.0",
        "  b 1.0 → 2.0",
        "+ d 1.0",
        "  e 1.0 → 1.0",
    ]


def test_images_of_which_the_tag_has_moved() -> None:
    one = LockedImage("docker.io/library/x:1", "linux/arm64", "1" * 64, Blob("2" * 64, 1), ())
    gone = replace(one, name="docker.io/library/a:1")
    before = replace(lock(locked("a")), images=(one, gone))
    after = replace(lock(locked("a")), images=(replace(one, sha256="3" * 64),))
    assert [str(change) for change in changes(before, after)] == [
        "- docker.io/library/a:1 sha256:111111111111",
        "  docker.io/library/x:1 sha256:111111111111 → sha256:333333333333",
    ]


def test_a_recipe_asks_for_its_images() -> None:
    text = X + "  - docker: {preload: [{image: alpine, insecure: true}, {image: busybox}]}\n"
    assert [each.name for each in request(recipe({"recipes/x.yaml": text, "site.yaml": SITE})).images] == [
        "docker.io/library/alpine:latest",
        "docker.io/library/busybox:latest",
    ]
