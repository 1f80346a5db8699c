# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from pathlib import Path

from tools.bench.machine import cpu_model, filesystem, memory, pretty_name


def test_the_processor_is_told_by_its_model() -> None:
    cpuinfo = "processor\t: 0\nmodel name\t: Some  CPU @ 3GHz\nmodel name\t: other\n"
    assert cpu_model(cpuinfo) == "Some CPU @ 3GHz"


def test_memory_is_rounded_to_gib() -> None:
    assert memory("MemTotal:       24684544 kB\nMemFree: 1 kB\n") == "24 GiB"


def test_a_distribution_is_told_with_its_point_release() -> None:
    assert pretty_name('PRETTY_NAME="x"\nNAME="Debian GNU/Linux"\n', "12.11\n") == "Debian GNU/Linux 12.11"


def test_the_file_system_is_that_of_the_nearest_mount() -> None:
    mounts = "/dev/a / ext4 rw 0 0\ntmpfs /srv/fast tmpfs rw 0 0\n/dev/b /srv xfs rw 0 0\n"
    assert filesystem(mounts, Path("/srv/work")) == "xfs"
    assert filesystem(mounts, Path("/srv/fast/work")) == "tmpfs"
    assert filesystem(mounts, Path("/home")) == "ext4"
