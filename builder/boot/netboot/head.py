# SPDX-License-Identifier: Apache-2.0
"""A head in a network of its own: nodebake-head publishes there, dnsmasq and nfs-ganesha serve what it wrote.

It trusts one key, made for it. So what is tried is what would be published, and nobody's key is used for it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path
from typing import Any

from builder.deploy import keys
from builder.deploy.keys import Signer
from builder.errors import Exit, NodebakeError
from builder.head.ground.layout import Layout
from builder.head.node import inventory
from builder.head.node.inventory import Inventory, Node
from builder.head.release.manifest import read as read_release
from builder.head.served import exports
from builder.host.lan import BRIDGE, Lan, Process, end, lan
from builder.host.process import run

TOOLS = {
    "dnsmasq": "dnsmasq-base",
    "ganesha.nfsd": "nfs-ganesha nfs-ganesha-vfs",
    "rpcbind": "rpcbind",
    "ssh-keygen": "openssh-client",
}
LAYOUT = Layout(Path("/srv/pxe"), Path("/srv/etc"))
"""Where everything lies, in there."""
_BUILDER = Path(__file__).parents[3]
# What a site's own configuration says, and the head's own file does not.
_GANESHA = """\
NFS_CORE_PARAM { Protocols = 3; MNT_Port = 20048; Enable_NLM = false; Enable_RQUOTA = false; }
NFSv4 { Graceless = true; }
EXPORT_DEFAULTS { Access_Type = None; }
"""
_DNSMASQ = (
    *("--keep-in-foreground", "--port=0", "--user=root", "--group=root", "--log-facility=-"),
    *(f"--interface={BRIDGE}", "--bind-interfaces", "--leasefile-ro", "--pid-file="),
)


@dataclass(frozen=True)
class Head:
    """The head while it is there. `folder` holds its key and what was signed with it."""

    lan: Lan
    inventory: Inventory
    folder: Path
    running: dict[str, Process] = field(default_factory=dict)

    @property
    def key(self) -> Path:
        return self.folder / "release-key"

    def publish(self, release: Path, *words: str) -> list[str]:
        """Publish the release of a folder, which is only read; what nodebake-head warns of."""
        return self._give("publish", release, *words)

    def assign(self, release: Path, *words: str) -> list[str]:
        """Let nodes boot the release of a folder for a while; what nodebake-head warns of."""
        return self._give("assign", release, *words)

    def _give(self, verb: str, release: Path, *words: str) -> list[str]:
        stock = LAYOUT.etc / "nodes.json"
        self.lan.write(stock, inventory.dump(self.inventory))
        source = self._signed(release)
        told = self._told(verb, str(source), "--inventory", str(stock), "--nfs", "ganesha", *words)
        return [event["text"] for event in told if event["event"] == "warning"]

    def call(self, *words: str) -> Any:
        """What `nodebake-head` answers. Raises NodebakeError with what it tells."""
        return next(event["value"] for event in self._told(*words) if event["event"] == "answer")

    def _told(self, *words: str) -> list[dict[str, Any]]:
        """All that it tells, an answer among it."""
        program = [sys.executable, "-m", "builder.head"]
        argv = [*program, "--pxe", str(LAYOUT.pxe), "--etc", str(LAYOUT.etc), *words, "--json"]
        done = run(self.lan.within(*argv), env={"PYTHONPATH": str(_BUILDER)}, check=False)
        events = [json.loads(line) for line in done.stdout.splitlines()]
        for event in events:
            if event["event"] == "error":
                raise NodebakeError(event["message"], facts=event["facts"], hint=event["hint"])
        if done.code != Exit.DONE or not any(event["event"] == "answer" for event in events):
            told = done.stderr.decode(errors="replace").splitlines()[-8:]
            raise NodebakeError(f"nodebake-head ended with {done.code}", facts=[f"| {line}" for line in told])
        return events

    def serve(self) -> None:
        """Start what nodes boot from, with the files that publishing has written."""
        self.serve_boot()
        self.serve_files()

    def serve_boot(self) -> None:
        """Start DHCP and TFTP."""
        self.lan.start(
            "dnsmasq", "dnsmasq", *_DNSMASQ, f"--conf-file={LAYOUT.etc / 'dnsmasq.d/nodebake.conf'}"
        )

    def serve_files(self) -> None:
        """Start NFS. Called again, it ends what runs and starts it anew, as a head does that starts anew."""
        if "ganesha" in self.running:
            end(self.running["ganesha"])
        else:
            self.lan.start("rpcbind", "rpcbind", "-f", "-w")
            self.lan.until("rpcbind", "test", "-S", "/run/rpcbind.sock")
        configuration = LAYOUT.etc / "ganesha.conf"
        self.lan.write(configuration, f'{_GANESHA}%include "{exports.place(LAYOUT, "ganesha")}"\n')
        words = ("-F", "-f", configuration, "-L", self.lan.logs / "ganesha.log", "-p", "/run/ganesha.pid")
        self.running["ganesha"] = self.lan.start("ganesha.start", "ganesha.nfsd", *words)
        at = f"/dev/tcp/{self.inventory.address}"
        self.lan.until("ganesha", "bash", "-c", f"exec 3<>{at}/2049 4<>{at}/20048")

    def text(self, path: Path) -> str:
        """A file in there."""
        return self.lan.run("cat", path)

    def names(self, folder: Path) -> list[str]:
        """What is in a folder in there."""
        return self.lan.run("ls", folder).split()

    def boot_files(self, node: Node) -> Path:
        """Where what the node boots next lies, in there."""
        return LAYOUT.switch(node.mac)

    def known_hosts(self) -> list[str]:
        """The nodes' host keys, as the operator gets them."""
        answer = self.call("known-hosts")
        return [str(line) for line in answer]

    def _signed(self, release: Path) -> Path:
        """The release's files in a folder of our own, with a signature of our own."""
        known = read_release(release)
        place = self.folder / known.recipe / known.version
        if not place.exists():
            place.mkdir(parents=True)
            (place / "manifest.json").write_bytes((release / "manifest.json").read_bytes())
            for name in known.served:
                (place / name).symlink_to((release / name).absolute())
            keys.sign(place / "manifest.json", self.key)
        return place


@contextmanager
def head(stock: Inventory, folder: Path) -> Iterator[Head]:
    """A head for these nodes, which nobody else sees; its logs and its key are in `folder`."""
    network = IPv4Network(
        next(each for each in stock.subnets if IPv4Address(stock.address) in IPv4Network(each))
    )
    with lan(folder, f"{stock.address}/{network.prefixlen}", [port(node) for node in stock.nodes]) as made:
        here = Head(made, stock, folder)
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(here.key)])
        public = " ".join(here.key.with_suffix(".pub").read_text(encoding="utf-8").split()[:2])
        made.write(LAYOUT.signers, Signer("this-boot", public).line())
        yield here


def port(node: Node) -> str:
    """The socket that a node hangs on."""
    return f"port{node.number}"
