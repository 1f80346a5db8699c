# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import pytest

from builder.errors import NodebakeError
from builder.release import checksums


def test_what_is_right_passes(tmp_path: Path) -> None:
    (tmp_path / "a.img").write_bytes(b"a")
    sums = {"a.img": checksums.file_sha256(tmp_path / "a.img")}
    (tmp_path / "SHA256SUMS").write_text(checksums.dump(sums))
    checksums.verify(tmp_path)


def test_all_that_is_wrong_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.img").write_bytes(b"a")
    (tmp_path / "SHA256SUMS").write_text(checksums.dump({"a.img": "0" * 64, "b.img": "0" * 64}))
    with pytest.raises(NodebakeError) as caught:
        checksums.verify(tmp_path)
    assert caught.value.facts == ("a.img: changed", "b.img: missing")


@pytest.mark.parametrize("line", ["abc  x", "0" * 64 + "  ../x", "0" * 64 + " x"])
def test_a_line_that_is_none(line: str) -> None:
    with pytest.raises(NodebakeError, match="line 1 of `SHA256SUMS` is not a checksum"):
        checksums.parse(line + "\n")
