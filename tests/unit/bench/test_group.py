# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

from tools.bench.group import own, usage

HYBRID = "tmpfs /sys/fs/cgroup tmpfs rw 0 0\ncgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n"


def test_user_and_system_time_are_added_up_in_seconds() -> None:
    assert usage("usage_usec 999\nuser_usec 1500000\nsystem_usec 250000\nnice_usec 7\n") == 1.75


def test_our_own_group_is_found_among_those_of_version_1() -> None:
    membership = "9:name=systemd:/\n4:memory:/elsewhere\n0::/user.slice/x\n"
    assert own(HYBRID, membership) == Path("/sys/fs/cgroup/unified/user.slice/x")


def test_without_version_2_there_is_none() -> None:
    assert own("cgroup /sys/fs/cgroup/cpu cgroup rw 0 0\n", "0::/\n") is None
    assert own(HYBRID, "4:memory:/\n") is None
