# SPDX-License-Identifier: Apache-2.0
"""Each folder here is a project with a mistake, and `expected.txt` is what the user reads.

`settings.txt` holds `--set` words. To write expected.txt anew: NODEBAKE_GOLDEN=write.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from builder.errors import Exit, Problems
from builder.host.sources import FolderSources
from builder.recipe import resolve

HERE = Path(__file__).parent
CASES = sorted(path.name for path in HERE.iterdir() if (path / "recipes").is_dir())


@pytest.mark.parametrize("case", CASES)
def test_refusal(case: str) -> None:
    sources = FolderSources(HERE / case)
    settings = HERE / case / "settings.txt"
    with pytest.raises(Problems) as caught:
        if settings.exists():
            words = [line.partition("=") for line in settings.read_text().splitlines()]
            resolve.resolve(sources, "x", {key: value for key, _, value in words})
        else:
            resolve.check(sources, resolve.names(sources))
    text = caught.value.render() + "\n"
    expected = HERE / case / "expected.txt"
    if os.environ.get("NODEBAKE_GOLDEN") == "write":
        expected.write_text(text)
    assert text == expected.read_text()
    assert caught.value.exit == Exit.USAGE
