# SPDX-License-Identifier: Apache-2.0
"""The head's part: serves the releases of a folder. Arguments: the folder, an address, a port."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from builder.head.served.serving import serving


def main(releases: Path, address: str, port: int) -> None:
    offered = {f"/{path.relative_to(releases)}": path for path in releases.rglob("*") if path.is_file()}
    with serving(address, port, offered) as url:
        print(url, flush=True)
        while True:
            time.sleep(3600)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
