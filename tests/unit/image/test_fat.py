# SPDX-License-Identifier: Apache-2.0
"""What the boot partition refuses, before any tool runs."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from builder.errors import StepError
from builder.image.fat import make_fat
from builder.image.fattime import stamp
from builder.image.identity import derive
from builder.image.layout import MIB, lay_out


class _NoTools:
    def run(self, argv: Sequence[str], *, env: Mapping[str, str]) -> None:
        raise AssertionError(f"{argv[0]} was run")


def _make(boot: Path) -> None:
    layout = lay_out([], boot_size=64 * MIB, free=0)
    make_fat(boot / "none", boot, layout=layout, identity=derive("00"), epoch=0, tools=_NoTools())


def test_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("x")
    with pytest.raises(StepError, match="`link` cannot lie in the boot partition"):
        _make(tmp_path)


@pytest.mark.parametrize("name", ["a:b", "what?", "end.", "end ", "tab\t", "ü"])
def test_a_name_that_mtools_would_change_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    with pytest.raises(StepError, match="is no name for the boot partition"):
        _make(tmp_path)


def test_two_names_that_fat_takes_for_one_are_refused(tmp_path: Path) -> None:
    (tmp_path / "overlays").mkdir()
    (tmp_path / "overlays" / "A").touch()
    (tmp_path / "overlays" / "a").touch()
    with pytest.raises(StepError, match="`overlays/a` and `overlays/A` are one name"):
        _make(tmp_path)


def test_stamps() -> None:
    assert stamp(0) == (0x21, 0)
    assert stamp(1767323045) == ((46 << 9) | (1 << 5) | 2, (3 << 11) | (4 << 5) | 2)
