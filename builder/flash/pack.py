# SPDX-License-Identifier: Apache-2.0
"""The flasher as one file, for a node: what runs there is always of the version of who sends it."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_TAKEN = (
    *("builder/__init__.py", "builder/errors.py", "builder/flash/__init__.py"),
    *("builder/release/__init__.py", "builder/release/index.py"),
)
_START = """\
import sys

from builder.flash.agent.main import main

sys.exit(main(sys.argv[1:]))
"""


def packed() -> bytes:
    """A program that `python3 -I FILE ORDER` runs; the same bytes for the same code."""
    names = [str(path.relative_to(_ROOT)) for path in (_ROOT / "builder/flash/agent").glob("*.py")]
    content = {name: (_ROOT / name).read_text(encoding="utf-8") for name in (*names, *_TAKEN)}
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w") as archive:
        for name, text in sorted({**content, "__main__.py": _START}.items()):
            archive.writestr(zipfile.ZipInfo(name), text, zipfile.ZIP_DEFLATED)
    return sink.getvalue()
