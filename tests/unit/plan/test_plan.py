# SPDX-License-Identifier: Apache-2.0
"""Steps are named by all that can change them, and by nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builder.errors import Exit, StaleLockError
from builder.lock.lock import Blob, Lock, LockedImage
from builder.plan.plan import VERSIONS, Plan, make
from builder.plan.step import Step
from tests.unit.lock.samples import STATE, lock, locked
from tests.unit.recipe.project import SITE, recipe

X = """format: 1
summary: a try
boards: [pi4]
layers:
  - files: greeting
  - packages: [openssh-server]
  - users: [{name: me, keys: site}]
  - services: {enable: [ssh.service]}
  - script: {run: mark.sh}
outputs:
  image: {free: 300M}
"""
FILES: Mapping[str, str] = {
    "recipes/x.yaml": X,
    "site.yaml": SITE,
    "overlays/greeting/etc/issue": "hello\n",
    "mark.sh": "#!/bin/sh\ntouch /mark\n",
}
LOCK = lock(locked("apt", essential=True), locked("openssh-server"))
PRELOADING = X.replace("  - script", "  - docker: {preload: [{image: alpine}]}\n  - script")
IMAGE = LockedImage(
    "docker.io/library/alpine:latest", "linux/arm64", "1" * 64, Blob("2" * 64, 10), (Blob("3" * 64, 20),)
)
WITH_IMAGE = replace(LOCK, images=(IMAGE,))


def plan(locks: Lock = LOCK, engine: str = "native", **changed: str) -> Plan:
    """`changed` are files of the project: `__` stands for a slash, `_sh` and `_yaml` for the ending."""
    renamed = {
        re.sub(r"_(sh|yaml)$", r".\1", name.replace("__", "/")): text for name, text in changed.items()
    }
    files = {**FILES, **renamed}
    return make(recipe(files), locks, "amd64", engine)


def ids(made: Plan) -> dict[str, str]:
    return {step.kind: step.id for step in made.steps}


def differing(one: Plan, other: Plan) -> set[str]:
    """The kinds of the steps that are not the same in both."""
    return {kind for kind, identity in ids(one).items() if ids(other)[kind] != identity}


def test_the_same_is_the_same() -> None:
    assert plan().id == plan().id
    assert len({step.id for step in plan().steps}) == len(plan().steps)


def test_every_step_lies_on_all_below_it() -> None:
    made = plan()
    assert [step.kind for step in made.steps] == [
        "helper",
        "packages",
        "firmware",
        "files",
        "users",
        "units",
        "script",
        "finish",
    ]
    for number, step in enumerate(made.tree):
        assert step.below == tuple(below.id for below in made.tree[:number])
        assert step.helper == made.helper.id


def test_a_file_that_changed_does_not_redo_the_packages() -> None:
    changed = plan(overlays__greeting__etc__issue="welcome\n")
    assert differing(plan(), changed) == {"files", "users", "units", "script", "finish"}


def test_a_script_that_changed_redoes_it_and_what_is_above() -> None:
    assert differing(plan(), plan(mark_sh="#!/bin/sh\ntouch /other\n")) == {"script", "finish"}


def test_a_package_that_changed_redoes_the_tree_and_not_the_helper() -> None:
    newer = lock(locked("apt", essential=True), locked("openssh-server", "2.0"))
    assert differing(plan(), plan(newer)) == set(ids(plan())) - {"helper"}


def test_where_a_package_comes_from_does_not_matter() -> None:
    moved = lock(locked("apt", essential=True), locked("openssh-server", path="elsewhere", archive="other"))
    assert not differing(plan(), plan(moved))


def test_a_newer_archive_is_a_newer_epoch() -> None:
    newer = replace(LOCK, archives=(replace(STATE, date=STATE.date + 1),))
    assert differing(plan(), plan(newer)) == set(ids(plan()))


def test_a_helper_that_changed_redoes_all() -> None:
    newer = replace(LOCK, helpers={"amd64": (locked("zstd", "2.0"),)})
    assert differing(plan(), plan(newer)) == set(ids(plan()))


def test_the_disks_names_stay_from_one_release_to_the_next() -> None:
    newer = lock(locked("apt", "2.0", essential=True))
    assert plan(newer).identity == plan().identity


def test_another_placement_is_another_release_of_the_same_steps() -> None:
    one, other = plan(), make(recipe(FILES), replace(LOCK, placement="ab" * 32), "amd64")
    assert [step.id for step in one.steps] == [step.id for step in other.steps]
    assert one.id != other.id


def netboot(**output: str) -> str:
    return X.replace("image: {free: 300M}", f"netboot: {output}".replace("'", ""))


def test_a_mode_changes_what_is_made_and_no_step() -> None:
    one, other = plan(recipes__x_yaml=netboot(mode="shared")), plan(recipes__x_yaml=netboot(mode="ram"))
    assert [step.id for step in one.steps] == [step.id for step in other.steps]
    assert one.id != other.id


def test_netboot_has_an_initramfs_of_its_own() -> None:
    made = plan(recipes__x_yaml=netboot())
    assert differing(plan(), made) == set(ids(made)) - {"helper", "packages"}
    firmware = made.tree[1].inputs
    assert firmware["root"] == "/dev/nfs"
    assert firmware["fstab"] == []
    assert firmware["cmdline"] == ["boot=nodebake", "panic=10"]


def test_a_placement_does_not_matter_to_netboot() -> None:
    files = {**FILES, "recipes/x.yaml": netboot()}
    assert (
        make(recipe(files), replace(LOCK, placement="ab" * 32), "amd64").id
        == make(recipe(files), LOCK, "amd64").id
    )


def test_an_engine_has_steps_of_its_own_from_the_packages_on() -> None:
    other = plan(engine="mmdebstrap")
    assert other.helper.id == plan().helper.id
    assert other.tree[0].inputs == plan().tree[0].inputs
    assert not {step.id for step in other.tree} & {step.id for step in plan().tree}


def test_every_kind_has_a_revision() -> None:
    several = (plan(), plan(engine="mmdebstrap"), plan(WITH_IMAGE, recipes__x_yaml=PRELOADING))
    kinds = {step.kind for made in several for step in made.steps}
    assert {*kinds, "image", "netboot", "layer"} == set(VERSIONS)


def test_an_image_that_changed_redoes_it_and_what_is_above() -> None:
    one = plan(WITH_IMAGE, recipes__x_yaml=PRELOADING)
    assert next(step for step in one.steps if step.kind == "images").label == IMAGE.name
    newer = replace(LOCK, images=(replace(IMAGE, sha256="4" * 64),))
    assert "images" in differing(one, plan(newer, recipes__x_yaml=PRELOADING))
    assert not differing(one, plan(newer, recipes__x_yaml=PRELOADING)) & {"helper", "packages", "firmware"}


def test_how_an_image_is_fetched_does_not_matter() -> None:
    moved = replace(LOCK, images=(replace(IMAGE, insecure=True),))
    assert not differing(
        plan(WITH_IMAGE, recipes__x_yaml=PRELOADING), plan(moved, recipes__x_yaml=PRELOADING)
    )


def test_a_lock_without_the_image() -> None:
    with pytest.raises(StaleLockError) as caught:
        plan(recipes__x_yaml=PRELOADING)
    assert caught.value.render() == (
        "error: the lock of `x` lacks images\n"
        "  docker.io/library/alpine:latest\n"
        "hint: `nodebake lock x --update`"
    )


def test_a_lock_without_tools_for_this_machine() -> None:
    with pytest.raises(StaleLockError) as caught:
        make(recipe(FILES), LOCK, "arm64")
    assert caught.value.exit == Exit.STALE
    assert caught.value.render() == (
        "error: the lock of `x` has no build tools for arm64\n"
        "hint: `nodebake lock x --update` on this machine adds them"
    )


JSON = st.dictionaries(
    st.text(max_size=3), st.integers() | st.text(max_size=3) | st.lists(st.booleans(), max_size=2), max_size=3
)
STEPS = st.builds(
    Step,
    st.sampled_from(["files", "users"]),
    st.integers(1, 3),
    st.just("label"),
    JSON,
    st.lists(st.text("ab", max_size=2), max_size=2).map(tuple),
    st.text("ab", max_size=1),
)


@given(STEPS, STEPS)
def test_an_id_changes_exactly_when_an_input_does(one: Step, other: Step) -> None:
    assert (one.id == other.id) == (typed(one) == typed(other))
    assert replace(one, label="another").id == one.id


def typed(value: object) -> object:
    """A value in which 1 and True differ, as they do in JSON."""
    if isinstance(value, Step):
        parts = (value.kind, value.version, value.inputs, value.below, value.helper)
        return [typed(part) for part in parts]
    if isinstance(value, Mapping):
        return {key: typed(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [typed(part) for part in value]
    return (type(value), value)
