# SPDX-License-Identifier: Apache-2.0
"""A head of a test's own in a folder: keys, an inventory, releases, and `nodebake-head` called in here."""

from __future__ import annotations

import io
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from builder.head.ground.layout import Layout
from builder.head.main import main
from builder.head.node import inventory
from builder.head.node.inventory import Inventory, Node
from builder.head.release.signature import NAMESPACE
from builder.netboot.config_txt import read_as
from tests.head.release import Tiny


@dataclass(frozen=True)
class Ended:
    """A call of nodebake-head: exit code and all that it told."""

    code: int
    events: list[dict[str, Any]]

    @property
    def answer(self) -> Any:
        return next(event["value"] for event in self.events if event["event"] == "answer")

    @property
    def error(self) -> dict[str, Any]:
        return next(event for event in self.events if event["event"] == "error")

    @property
    def operations(self) -> list[str]:
        return [event["text"] for event in self.events if event["event"] == "operation"]

    @property
    def warnings(self) -> list[str]:
        return [event["text"] for event in self.events if event["event"] == "warning"]


@dataclass(frozen=True)
class Ground:
    """`folder` holds pxe/, etc/, out/ with releases, and the key that signs."""

    folder: Path

    @property
    def layout(self) -> Layout:
        return Layout(self.folder / "pxe", self.folder / "etc")

    @property
    def nodes(self) -> Path:
        """The inventory file that a call may bring."""
        return self.folder / "nodes.json"

    @property
    def key(self) -> Path:
        return self.folder / "release-key"

    def call(self, *words: object) -> Ended:
        """Run `nodebake-head` on this ground."""
        out, err = io.StringIO(), io.StringIO()
        argv = ["--pxe", str(self.layout.pxe), "--etc", str(self.layout.etc), *map(str, words), "--json"]
        code = main(argv, out, err)
        return Ended(code, [json.loads(line) for line in out.getvalue().splitlines()])

    def publish(self, release: Path, *words: object) -> Ended:
        """Publish and see that it went well."""
        ended = self.call("publish", release, "--inventory", self.nodes, "--nfs", "kernel", *words)
        assert ended.code == 0, ended.events
        return ended

    def made(self, tiny: Tiny) -> Path:
        """That release, signed."""
        place = self.folder / "out" / tiny.recipe / tiny.version
        if not place.exists():
            tiny.make(self.folder / "out")
            sign(place / "manifest.json", self.key)
        return place

    def take_stock(self, *nodes: Node) -> Inventory:
        """Write the inventory."""
        known = Inventory("sevastopol", "10.42.0.250", ("10.42.0.0/24",), nodes)
        self.nodes.write_text(inventory.dump(known))
        return known

    def boots(self, node: Node) -> Path:
        """Where the node's link leads now."""
        return self.layout.switch(node.mac).resolve(strict=True)

    def whole(self, node: Node) -> str:
        """The release that the node boots: every file of it is there and of one version.

        Read as a boot does it: config.txt, then below the prefix that it names; then what cmdline.txt names.
        """
        boot = self.boots(node)
        settings = read_as((boot / "config.txt").read_text(), "pi3")
        prefix = boot / settings["os_prefix"]
        words = (prefix / "cmdline.txt").read_text().split()
        named = dict(word.partition("=")[::2] for word in words)
        recipe, version = named["nodebake.release"].split("/")
        assert settings["os_prefix"] == f"{version}/"
        reference = self.layout.release(recipe, version)
        for path in (reference / "boot").rglob("*"):
            if path.is_file():
                assert (boot / path.relative_to(reference / "boot")).read_bytes() == path.read_bytes()
        if "root" in named:
            assert "nodebake.trial" in named
            assert (self.layout.identities / node.name / "etc/hostname").read_text() == f"{node.name}\n"
            return version
        root = Path(named["nodebake.root"].partition(":")[2])
        if named["nodebake.mode"] == "private":
            assert root == boot.parent / "root"
            assert (root / "etc/nodebake/release").read_text() == f"{recipe}/{version}\n"
            assert (root / "etc/hostname").read_text() == f"{node.name}\n"
        else:
            assert root == reference
            assert all((root / layer).is_file() for layer in named["nodebake.layers"].split(","))
        identity = Path(named["nodebake.identity"].partition(":")[2])
        assert (identity / "etc/hostname").read_text() == f"{node.name}\n"
        assert (identity / "etc/ssh/ssh_host_ed25519_key").stat().st_mode & 0o777 == 0o600
        return version


def node(number: int, board: str = "pi3b", serial: str = "") -> Node:
    """Node `number`."""
    mac = f"b8:27:eb:00:00:{number:02x}"
    return Node(f"node{number:02d}", number, mac, f"10.42.0.{number}", board, serial)


def make_ground(folder: Path, count: int = 2) -> Ground:
    """A ground with a key that is trusted, and `count` nodes."""
    ground = Ground(folder)
    ground.layout.pxe.mkdir(parents=True)
    ground.layout.signers.parent.mkdir(parents=True)
    new_key(ground.key)
    ground.layout.signers.write_text(signer_line("operator", ground.key))
    ground.take_stock(*(node(number) for number in range(1, count + 1)))
    return ground


def new_key(path: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)


def signer_line(name: str, key: Path, options: str = "") -> str:
    public = " ".join(key.with_suffix(".pub").read_text().split()[:2])
    return f'{name} namespaces="{NAMESPACE}"{options} {public}\n'


def sign(manifest: Path, key: Path) -> None:
    """Sign it, in place of a former signature."""
    signature = manifest.with_name(f"{manifest.name}.sig")
    signature.unlink(missing_ok=True)
    subprocess.run(
        ["ssh-keygen", "-q", "-Y", "sign", "-f", key, "-n", NAMESPACE, manifest],
        check=True,
        capture_output=True,
    )
