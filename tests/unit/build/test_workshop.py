# SPDX-License-Identifier: Apache-2.0
"""What this machine may lack is told before anything is touched."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from builder.build import workshop
from builder.build.workshop import Workshop, interpreter, machine, require_space, store_root
from builder.errors import LackingError, RecipeError
from builder.host.identity import IdMap
from builder.store.store import Store


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    lines = ((0, 1000, 65536),)
    return Workshop(Store(tmp_path), IdMap(lines, lines), "amd64", 2)


def _release(version: str) -> Callable[[], object]:
    return lambda: SimpleNamespace(release=version)


def test_the_store_is_where_it_is_asked_for_or_in_the_cache() -> None:
    assert store_root({"NODEBAKE_STORE": "/srv/store"}) == Path("/srv/store")
    assert store_root({"XDG_CACHE_HOME": "/var/cache/me"}) == Path("/var/cache/me/nodebake")
    assert store_root({}) == Path.home() / ".cache/nodebake"


def test_another_architecture_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    with pytest.raises(LackingError) as caught:
        machine()
    assert caught.value.render() == "error: nodebake builds on amd64 and arm64, this machine is `riscv64`"


def test_native_programs_need_no_interpreter(shop: Workshop) -> None:
    assert interpreter(shop, "amd64") is None


def test_a_kernel_before_6_7_is_refused(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "uname", _release("6.1.0-32-amd64"))
    with pytest.raises(LackingError) as caught:
        interpreter(shop, "arm64")
    assert caught.value.render() == (
        "error: this kernel (6.1.0-32-amd64) has no binfmt_misc for user namespaces\n"
        "  it came with Linux 6.7; Debian 12 has such a kernel in bookworm-backports\n"
        "hint: sudo apt-get install -t bookworm-backports linux-image-amd64"
    )


@pytest.mark.parametrize("release", ["6.12.41+deb13-amd64", "6.7-amd64", "6.17+deb14-amd64", "7.0-rc1"])
def test_later_kernels_are_taken(shop: Workshop, monkeypatch: pytest.MonkeyPatch, release: str) -> None:
    monkeypatch.setattr(os, "uname", _release(release))
    monkeypatch.setattr(workshop, "find", lambda *_: None)
    with pytest.raises(LackingError, match="there is no emulator"):
        interpreter(shop, "arm64")


def test_a_machine_without_an_emulator_is_refused(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "uname", _release("6.12.48"))
    monkeypatch.setattr(workshop, "find", lambda *names: None)
    with pytest.raises(LackingError) as caught:
        interpreter(shop, "arm64")
    assert caught.value.render() == (
        "error: there is no emulator for arm64 programs on this machine\n"
        "  looked for qemu-aarch64-static and qemu-aarch64\n"
        "hint: sudo apt-get install qemu-user-static (Debian 13: qemu-user)"
    )


def test_a_full_disk_is_refused_by_estimate(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=100 << 20))
    with pytest.raises(LackingError) as caught:
        require_space(shop, shop.store.root / "out", 90 << 20, 30 << 20)
    assert caught.value.render() == (
        f"error: the disk of `{shop.store.root}` is too full for this build\n"
        "  needed, by estimate: 120 MiB\n"
        "  free: 100 MiB\n"
        "hint: free some space, or go elsewhere: NODEBAKE_STORE=DIR, NODEBAKE_OUT=DIR"
    )


def test_a_disk_with_room_is_not_refused(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=120 << 20))
    require_space(shop, shop.store.root / "out", 90 << 20, 30 << 20)


@pytest.mark.parametrize("jobs", [0, -1])
def test_fewer_than_one_job_is_refused(jobs: int) -> None:
    with pytest.raises(RecipeError) as caught:
        workshop.open_workshop(jobs)
    assert caught.value.render() == f"error: `--jobs {jobs}`: a build needs at least one processor"
