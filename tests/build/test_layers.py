# SPDX-License-Identifier: Apache-2.0
"""Every kind of layer on a real tree: what a recipe asks for is what lies in the image."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.build.conftest import partitions, say
from tests.fixtures import Site
from tests.needs import needs_tool

pytestmark = [pytest.mark.build, needs_tool("sfdisk", "debugfs")]

RECIPE = """\
format: 1
summary: one of each
include: [minimal]
variables:
  greeting: {type: string, default: hello}
layers:
  - files: one-of-each
  - users: [{name: reader, shell: /bin/sh, uid: 1234, password_hash: "$6$salt$HASH"}]
  - services:
      mask: [getty@tty1.service]
      dropins: {ssh.service: {10-nice.conf: "[Service]\\nNice=5\\n"}}
  - script: {run: overlays/one-of-each.sh, inputs: [overlays/input.txt]}
MANY
outputs:
  image: {free: 64M, boot_size: 256M}
"""
# Runs of like layers are one step, so these are steps of their own: more than an option page holds paths.
MANY = "\n".join(
    f"  - services: {{dropins: {{ssh.service: {{many-{n}.conf: '[Service]'}}}}}}\n"
    f"  - services: {{mask: [many-{n}.service]}}"
    for n in range(30)
)
HASH = "Zm9vYmFyYmF6cXV4" * 5 + "Zm9vYm"
OVERLAY = """\
modes: {usr/local/sbin/tool: "4750"}
owners: {usr/local/sbin/tool: "root:adm"}
templates: [etc/greeting]
delete: [etc/motd]
links: {etc/link-to-greeting: greeting}
directories: {var/lib/ours: {mode: "0700", owner: "games:games"}}
"""
SCRIPT = """\
#!/bin/sh
set -eu
dpkg --print-architecture >/etc/made-by-script
cat "$INPUTS/overlays/input.txt" >>/etc/made-by-script
"""


@pytest.fixture(scope="module")
def filesystem(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root file system of an image with one of each layer."""
    overlay = site.root / "overlays/one-of-each"
    for name, text in (
        ("usr/local/sbin/tool", "#!/bin/sh\n"),
        ("etc/greeting", "{{ greeting }} from {{ base }}\n"),
    ):
        (overlay / name).parent.mkdir(parents=True, exist_ok=True)
        (overlay / name).write_text(text)
    (overlay / "overlay.yaml").write_text(OVERLAY)
    (site.root / "overlays/one-of-each.sh").write_text(SCRIPT)
    (site.root / "overlays/input.txt").write_text("what the script reads\n")
    (site.root / "recipes/one-of-each.yaml").write_text(RECIPE.replace("HASH", HASH).replace("MANY", MANY))
    image = Path(site.built("one-of-each")["image"])
    root = partitions(image)[1]
    target = tmp_path_factory.mktemp("layers") / "root.ext4"
    with image.open("rb") as stream, target.open("wb") as sink:
        stream.seek(root["start"])
        while chunk := stream.read(1 << 20):
            sink.write(chunk)
    return target


def _cat(filesystem: Path, path: str) -> str:
    return say(["debugfs", "-R", f"cat {path}", filesystem]).partition("\n")[2]


def _stat(filesystem: Path, path: str) -> dict[str, str]:
    said = say(["debugfs", "-R", f"stat {path}", filesystem])
    pairs = re.findall(r"(Type|Mode|User|Group|Fast link dest):\s*\"?([^\s\"]+)", said)
    return dict(pairs)


def test_files_have_the_modes_and_owners_that_were_asked_for(filesystem: Path) -> None:
    tool = _stat(filesystem, "/usr/local/sbin/tool")
    assert (tool["Mode"], tool["User"], tool["Group"]) == ("04750", "0", "4")
    folder = _stat(filesystem, "/var/lib/ours")
    assert (folder["Mode"], folder["User"], folder["Group"]) == ("0700", "5", "60")


def test_templates_links_and_deletions(filesystem: Path) -> None:
    assert _cat(filesystem, "/etc/greeting") == "hello from debian\n"
    assert _stat(filesystem, "/etc/link-to-greeting")["Fast link dest"] == "greeting"
    assert "File not found" in say(["debugfs", "-R", "stat /etc/motd", filesystem])


def test_users_have_their_hash_and_number(filesystem: Path) -> None:
    rows = {line.split(":")[0]: line.split(":") for line in _cat(filesystem, "/etc/passwd").splitlines()}
    assert rows["reader"][2] == "1234"
    assert rows["reader"][6] == "/bin/sh"
    shadow = {line.split(":")[0]: line.split(":") for line in _cat(filesystem, "/etc/shadow").splitlines()}
    assert shadow["reader"][1].startswith("$6$salt$")
    assert "NOPASSWD" in _cat(filesystem, "/etc/sudoers.d/nodebake-admin")


def test_units_are_masked_and_amended(filesystem: Path) -> None:
    assert _stat(filesystem, "/etc/systemd/system/getty@tty1.service")["Fast link dest"] == "/dev/null"
    assert _stat(filesystem, "/etc/systemd/system/many-29.service")["Fast link dest"] == "/dev/null"
    assert "[Service]" in _cat(filesystem, "/etc/systemd/system/ssh.service.d/many-0.conf")
    assert "Nice=5" in _cat(filesystem, "/etc/systemd/system/ssh.service.d/10-nice.conf")


def test_the_script_ran_inside_the_tree_with_its_inputs(filesystem: Path) -> None:
    assert _cat(filesystem, "/etc/made-by-script") == "arm64\nwhat the script reads\n"


def test_scripts_leave_nothing_behind(filesystem: Path) -> None:
    listed = say(["debugfs", "-R", "ls -p /run", filesystem])
    assert "script" not in listed and "nodebake" not in listed
