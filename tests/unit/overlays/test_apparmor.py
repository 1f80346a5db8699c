# SPDX-License-Identifier: Apache-2.0
"""A boot does not wait for profiles that forbid nothing."""

from __future__ import annotations

import pytest

from tests.unit.overlays.machine import Machine

SCRIPT = "apparmor/apparmor-load"
PROFILES = {
    "1password": "profile 1password /opt/1Password/1password flags=(unconfined) {\n  userns,\n}\n",
    "sbuild": "profile sbuild /usr/bin/sbuild flags=(complain,attach_disconnected) {\n}\n",
    "usr.sbin.chronyd": "@{CHRONY} = /etc/chrony\nprofile chronyd /usr/sbin/chronyd flags=(enforce) {\n}\n",
    "usr.sbin.ntpd": "#include <tunables/global>\n/usr/sbin/ntpd {\n  /etc/ntp.conf r,\n}\n",
    "two": "profile a /a flags=(complain) {\n}\nprofile b /b {\n}\n",
    "abstractions/base": "/usr/share/** r,\n",
}


@pytest.fixture
def node(machine: Machine) -> Machine:
    machine.stub("apparmor_parser")
    return machine


def test_only_what_confines_is_loaded(node: Machine) -> None:
    for name, text in PROFILES.items():
        node.write(f"etc/apparmor.d/{name}", text)
    done = node.run(SCRIPT)
    assert (done.returncode, done.stderr) == (0, "")
    assert node.called() == [
        "apparmor_parser --replace --write-cache ./two ./usr.sbin.chronyd ./usr.sbin.ntpd"
    ]


def test_where_nothing_confines_nothing_is_loaded(node: Machine) -> None:
    node.write("etc/apparmor.d/sbuild", PROFILES["sbuild"])
    assert node.run(SCRIPT).returncode == 0
    assert node.called() == []
