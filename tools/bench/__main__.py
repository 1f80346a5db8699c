# SPDX-License-Identifier: Apache-2.0
"""`make bench`: measure, write the result file, print the table."""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path

from builder.build.workshop import machine as architecture
from builder.errors import NodebakeError
from builder.host.process import find as find_program
from tools.bench import group, result
from tools.bench.figure import unwaited
from tools.bench.ground import ROOT, Ground
from tools.bench.machine import machine
from tools.bench.measure import Failed, Meter
from tools.bench.rows import again, flash, fleet, image, netboot, peak, publish, roots, swarm, update
from tools.bench.table import insert, table

ROWS: dict[str, Callable[[Ground], list[result.Row]]] = {
    "native": roots.native,
    "emulated": roots.emulated,
    "image": image.measure,
    "overlay": again.overlay,
    "nothing": again.nothing,
    "update": update.measure,
    "memory": peak.measure,
    "publish": publish.measure,
    "netboot": netboot.measure,
    "flash": flash.measure,
    "swarm": swarm.measure,
    "fleet": fleet.measure,
}
"""By the word of `--only`."""
PEERS = ("mmdebstrap", "genimage", "mke2fs", "mcopy", "mkdosfs")
RESULT = ROOT / "bench" / "results.json"


def main(words: Sequence[str]) -> int:
    """Measure; 1 when a comparison could not be made, 3 when the machine lacks something."""
    asked = _parser().parse_args(words)
    lacking = [name for name in PEERS if not find_program(name)]
    if lacking or architecture() != "amd64":
        say(f"error: this machine lacks {', '.join(lacking) or 'an amd64 processor, which the peers want'}")
        say("hint: `make bench` installs what Debian has")
        return 3
    asked.work.mkdir(parents=True, exist_ok=True)
    accounts = group.find()
    with accounts or nullcontext():
        ground = Ground(asked.work.absolute(), Meter(accounts, asked.work.absolute() / "log"), asked.quick)
        fresh, failed = _measure(ground, asked.only or list(ROWS))
    former = result.parse(asked.result.read_text()) if asked.result.exists() else {}
    merged = result.merge(former, fresh, machine(asked.work))
    asked.result.parent.mkdir(exist_ok=True)
    asked.result.write_text(result.dump(merged))
    for path in asked.into:
        path.write_text(insert(path.read_text(), merged))
    print(table(merged), end="")
    return 1 if failed else 0


def _measure(ground: Ground, names: Sequence[str]) -> tuple[list[dict[str, object]], bool]:
    """All rows that could be measured, as the result file has them."""
    began = time.monotonic()
    commit, date = _commit(), datetime.now(UTC).isoformat(timespec="minutes")
    fresh: list[dict[str, object]] = []
    failed = False
    say(f"processor time is accounted by {'a control group' if ground.meter.group else 'wait4'}")
    ground.prepare()
    say(f"{len(ground.lock.packages)} packages are locked and fetched")
    for name in names:
        since = time.monotonic()
        try:
            rows = ROWS[name](ground)
        except (Failed, NodebakeError) as error:
            say(f"error: {name}: {error}", *getattr(error, "facts", ()))
            failed = True
            continue
        fresh += [row.dump(commit, date) for row in rows]
        told = ", ".join(f"{row.key} {row.value:.2f} {row.goal.unit}" for row in rows)
        say(f"{name}: {told}; took {time.monotonic() - since:.0f} s")
    say(f"wait4 alone would have missed at most {100 * unwaited(ground.meter.runs):.1f} % of a run")
    say(f"all of it took {(time.monotonic() - began) / 60:.1f} minutes")
    return fresh, failed


def _commit() -> str:
    """What is measured; `+` when files differ from it."""
    git = ["git", "-C", str(ROOT)]
    head = subprocess.run([*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True)
    dirty = subprocess.run(
        [*git, "status", "--porcelain", "builder", "tools", "recipes", "overlays"],
        capture_output=True,
        check=True,
    )
    return head.stdout.strip() + ("+" if dirty.stdout else "")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument(
        "--only", action="append", choices=list(ROWS), help="this comparison only; may be repeated"
    )
    parser.add_argument(
        "--quick", action="store_true", help="each once: to see that it works, not for figures"
    )
    parser.add_argument(
        "--work", type=Path, default=ROOT / "out/.bench", help="a folder of its own, 30 GB, on a disk"
    )
    parser.add_argument("--result", type=Path, default=RESULT, help="the result file; its other rows stay")
    parser.add_argument(
        "--into",
        type=Path,
        metavar="FILE",
        nargs="+",
        default=[],
        help="write the table between its marks in FILE too",
    )
    return parser


def say(*lines: str) -> None:
    """On stderr, at once."""
    for line in lines:
        print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
