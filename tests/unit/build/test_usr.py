# SPDX-License-Identifier: Apache-2.0
"""The links of a merged /usr."""

from __future__ import annotations

from pathlib import Path

from builder.build.step.usr import merge


def test_the_links_are_there_and_lead_somewhere(tmp_path: Path) -> None:
    merge(tmp_path, "lib64")
    links = {path.name: str(path.readlink()) for path in tmp_path.iterdir() if path.is_symlink()}
    assert links == {"bin": "usr/bin", "lib": "usr/lib", "lib64": "usr/lib64", "sbin": "usr/sbin"}
    assert all((tmp_path / name).is_dir() for name in links)
