# SPDX-License-Identifier: Apache-2.0
"""Flashing: a blank card against `dd` and a read-back, on a card of 15 MB/s; an update; memory.

The flasher is the one file that goes to nodes, with the release behind HTTP as a head serves it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from builder.flash.pack import packed
from builder.head.release.signature import NAMESPACE
from builder.head.served.serving import serving
from tools.bench.card import Unable, device
from tools.bench.figure import Figure
from tools.bench.ground import ROOT, Ground, nodebake
from tools.bench.measure import Failed
from tools.bench.result import Row

RECIPE = "minimal"
_BOARD = "pi3b"
_DD = """
dd if="$1" of="$2" bs=4M oflag=direct conv=fsync status=none
dd if="$2" of=/dev/null bs=4M iflag=direct status=none
"""


def measure(ground: Ground) -> list[Row]:
    """A blank card. Raises Failed where a card with a limit cannot be had."""
    _, said = ground.meter.run(nodebake("build", RECIPE, "--json"), cwd=ground.project, env=ground.env())
    place = Path(json.loads(said)["manifest"]).parent
    image = next(place.glob("*.img"))
    size = image.stat().st_size
    try:
        with device(ground.work, size) as path:
            argv = ["sh", "-euc", _DD, "sh", str(image), path]
            by_hand, _ = ground.meter.run(argv, cwd=ROOT, env={})
        with device(ground.work, size) as path:
            receipt, most = flash(ground, place, path)
    except Unable as error:
        raise Failed(str(error)) from error
    ours, peer = Figure("s", (receipt["seconds"],)), Figure("s", (by_hand.wall,))
    facts = {"image bytes": size, "moved": receipt["moved"], "written": receipt["written"]}
    memory = Figure("MB", (most / 1e6,))
    return [
        Row.of_ratio("flash-blank", ours, peer, {**facts, "limits": "15 MB/s each way", "peer": "dd, dd"}),
        Row("flash-memory", memory.median, memory, None, facts),
    ]


def update(ground: Ground, former: Path, later: Path, changed: int) -> list[Row]:
    """A card of the former release gets the later one; `changed` are the bytes of the files that differ."""
    card = ground.work / "flash-card.img"
    with card.open("wb") as file:
        file.truncate(next(later.glob("*.img")).stat().st_size)
    try:
        flash(ground, former, str(card))
        receipt, _ = flash(ground, later, str(card))
    finally:
        card.unlink()
    peer = Figure("MB", (changed / 1e6,))
    # What tells a node which blocks differ, and that it may believe it, is fetched whole, deflated.
    told = sum(each.stat().st_size for each in (later / "manifest.json", next(later.glob("*.index"))))
    facts = {"MB of manifest and index before they were deflated": round(told / 1e6, 2)}
    return [
        Row.of_ratio(f"flash-{word}", Figure("MB", (receipt[word] / 1e6,)), peer, facts)
        for word in ("moved", "written")
    ]


def flash(ground: Ground, place: Path, device: str) -> tuple[dict[str, Any], int]:
    """The receipt, and the most memory that the flasher had, in bytes. Raises Failed."""
    signers = _signed(ground, place)
    label = f"{place.parent.name}/{place.name}"
    with _served(place, label) as url:
        order = {
            **{
                "format": 1,
                "node": "node02",
                "release": label,
                "source": f"{url}/{label}/",
                "device": device,
            },
            **{"board": _BOARD, "signers": str(signers), "take_card": True, "older": True},
        }
        program = ground.work / "flash.pyz"
        program.write_bytes(packed())
        argv = [sys.executable, "-I", str(program), "-"]
        with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as started:
            assert started.stdin
            assert started.stdout
            started.stdin.write(json.dumps(order))
            started.stdin.close()
            answers, most = [], 0
            for line in started.stdout:
                answers.append(line)
                with suppress(OSError, StopIteration):
                    most = max(most, _memory(started.pid))
    told: dict[str, Any] = json.loads(answers[-1])
    if started.returncode:
        raise Failed(f"flashing ended with {started.returncode}: {told}")
    return told, most


@contextmanager
def _served(place: Path, label: str) -> Iterator[str]:
    with serving("127.0.0.1", 0, {f"/{label}/{path.name}": path for path in place.iterdir()}) as url:
        yield url


def _memory(process: int) -> int:
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def _signed(ground: Ground, place: Path) -> Path:
    """The list of signers that has the key with which the release was signed here."""
    key, signers = ground.work / "flash-key", ground.work / "flash-signers"
    if not key.exists():
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    public = " ".join(key.with_name(f"{key.name}.pub").read_text().split()[:2])
    signers.write_text(f'bench namespaces="{NAMESPACE}" {public}\n')
    (place / "manifest.json.sig").unlink(missing_ok=True)
    argv = ["ssh-keygen", "-q", "-Y", "sign", "-f", str(key), "-n", NAMESPACE, str(place / "manifest.json")]
    subprocess.run(argv, check=True, capture_output=True)
    return signers
