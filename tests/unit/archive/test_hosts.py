# SPDX-License-Identifier: Apache-2.0
"""Which host serves an archive."""

from __future__ import annotations

from pathlib import Path

import pytest

from builder.archive.hosts import Mirror, choose, machine_archives
from builder.base.archives import PublicArchive

PUBLIC = {
    "debian": PublicArchive("http://public/debian/", "/keys.gpg"),
    "debian-security": PublicArchive("http://s/ds", "/keys.gpg"),
}
SITE = {"debian": "http://site/debian"}
ENVIRONMENT = {"NODEBAKE_ARCHIVE_DEBIAN": "http://env/debian"}
MACHINE = {"debian": "http://machine/debian"}


def chosen(site: bool, environment: bool, machine: bool) -> str:
    found = choose(
        ["debian"],
        public=PUBLIC,
        site=SITE if site else {},
        environment=ENVIRONMENT if environment else {},
        machine=MACHINE if machine else {},
    )
    return found["debian"].uri


def test_site_before_environment_before_machine_before_public() -> None:
    assert chosen(True, True, True) == "http://site/debian"
    assert chosen(False, True, True) == "http://env/debian"
    assert chosen(False, False, True) == "http://machine/debian"
    assert chosen(False, False, False) == "http://public/debian"


def test_each_word_by_itself() -> None:
    environment = {"NODEBAKE_ARCHIVE_DEBIAN_SECURITY": "file:/srv/security/"}
    found = choose(
        ["debian", "debian-security"], public=PUBLIC, site=SITE, environment=environment, machine={}
    )
    assert found == {
        "debian": Mirror("debian", "http://site/debian", Path("/keys.gpg")),
        "debian-security": Mirror("debian-security", "file:/srv/security", Path("/keys.gpg")),
    }


@pytest.mark.parametrize("uri", ["file:/srv/debian", "file:///srv/debian/", "file://localhost/srv/debian"])
def test_a_folder_is_named_as_apt_names_it(uri: str) -> None:
    found = choose(["debian"], public=PUBLIC, site={"debian": uri}, environment={}, machine={})
    assert found["debian"].uri == "file:/srv/debian"


LISTED = """# deb http://commented/debian trixie main
deb-src http://sources/debian trixie main
deb [arch=amd64 signed-by=/x.gpg] http://listed/debian/ trixie main  # main
deb http://later/debian trixie main
deb cdrom:[Debian]/debian trixie main
deb http://listed/ubuntu noble main
deb https://listed/debian-security trixie-security main
"""
DEB822 = """Types: deb
URIs: http://first/debian http://second/debian-security
Suites: trixie
Components: main
"""


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, {}),
        ({"sources.list": ""}, {}),
        (
            {"sources.list": LISTED},
            {"debian": "http://listed/debian", "debian-security": "https://listed/debian-security"},
        ),
        (
            {"sources.list.d/debian.sources": DEB822},
            {"debian": "http://first/debian", "debian-security": "http://second/debian-security"},
        ),
        (
            {"sources.list": "deb http://one/debian trixie main\n", "sources.list.d/debian.sources": DEB822},
            {"debian": "http://one/debian", "debian-security": "http://second/debian-security"},
        ),
        ({"sources.list.d/debian.sources.save": DEB822}, {}),
        ({"sources.list.d/x.list": "deb file:/srv/debian trixie main\n"}, {"debian": "file:/srv/debian"}),
        ({"sources.list.d/x.sources": f"Enabled: no\n{DEB822}"}, {}),
        (
            {"sources.list.d/x.sources": f"Enabled: no\n{DEB822}\nTypes: deb\nURIs: http://on/debian\n"},
            {"debian": "http://on/debian"},
        ),
        ({"sources.list.d/x.sources": DEB822.replace("deb\n", "deb-src\n")}, {}),
        (
            {"sources.list.d/x.sources": "Types: deb\nURIs:\n http://folded/debian\n # no\nSuites: trixie\n"},
            {"debian": "http://folded/debian"},
        ),
        (
            {"sources.list.d/x.list": "deb mirror+file:/etc/apt/mirrors/debian trixie main\n"},
            {},
        ),
        (
            {"sources.list": "\tdeb   http://spaced/debian   trixie main\n"},
            {"debian": "http://spaced/debian"},
        ),
    ],
)
def test_the_machines_own_apt(tmp_path: Path, files: dict[str, str], expected: dict[str, str]) -> None:
    (tmp_path / "sources.list.d").mkdir()
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert machine_archives(tmp_path) == expected


def test_a_machine_without_apt(tmp_path: Path) -> None:
    assert machine_archives(tmp_path / "nowhere") == {}
