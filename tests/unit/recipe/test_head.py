# SPDX-License-Identifier: Apache-2.0
"""The shipped recipe `head`, with an inventory and without one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from builder.recipe.effect import FromFile, Inline, Package, WriteFile
from builder.recipe.recipe import Recipe
from builder.recipe.resolve import resolve
from builder.recipe.sources import DictSources
from tests.unit.cluster.samples import mac, sixty
from tests.unit.recipe.project import SITE, refusals, texts

ROOT = Path(__file__).parents[3]


def head(settings: Mapping[str, str] | None = None, **files: str) -> Recipe:
    """The recipe of this checkout, in a project with these files besides."""
    shipped = {
        str(path.relative_to(ROOT)): path.read_bytes()
        for folder in ("recipes", "overlays")
        for path in (ROOT / folder).rglob("*")
        if path.is_file()
    }
    more = {name.replace("__", "."): text for name, text in files.items()}
    return resolve(DictSources({**shipped, "site.yaml": SITE, **more}), "head", settings or {})


def test_without_an_inventory_it_knows_no_nodes() -> None:
    said = texts(head().effects())
    assert said["etc/hostname"] == "head\n"
    assert [line for line in said["etc/nodebake/dhcp-hosts"].splitlines() if line[:1] != "#"] == []
    assert "powerall.py on 1 60\n" in said["etc/systemd/system/maker-power-on.service"]


def test_the_inventory_gives_addresses_and_names() -> None:
    said = texts(head(cluster__yaml=sixty()).effects())
    assert said["etc/hostname"] == "sevastopol\n"
    assert "Address=10.42.0.250/24\n" in said["etc/systemd/network/10-cluster.network"]
    hosts = [line for line in said["etc/nodebake/dhcp-hosts"].splitlines() if line[:1] != "#"]
    # Two of the sixty are on Wi-Fi, where the head serves nobody.
    assert len(hosts) == 58
    assert hosts[6] == f"{mac(7)},set:pi3b,node07,10.42.0.7,infinite"
    names = said["etc/hosts"].splitlines()
    assert "10.42.0.250 sevastopol" in names
    assert "10.42.0.7 node07" in names
    assert "192.168.1.121 node17" in names
    assert not [line for line in names if line.startswith("127.0.1.1")]


def test_the_sites_time_servers_are_the_heads() -> None:
    site = SITE + "ntp: [192.168.1.112, time.example.org]\n"
    said = texts(head(site__yaml=site).effects())["etc/chrony/chrony.conf"].splitlines()
    assert [line for line in said if line.startswith(("server", "pool"))] == [
        "server 192.168.1.112 iburst",
        "server time.example.org iburst",
    ]
    assert "allow 10.42.0.0/24" in said


def test_another_network_and_another_card() -> None:
    said = texts(
        head({"lan": "172.16.0.0/22", "head_address": "172.16.0.1", "cluster_interface": "end0"}).effects()
    )
    assert "Name=end0\n" in said["etc/systemd/network/10-cluster.network"]
    assert "Address=172.16.0.1/22\n" in said["etc/systemd/network/10-cluster.network"]
    assert 'define cluster = "end0"\n' in said["etc/nftables.conf"]
    assert "interface=end0\n" in said["etc/dnsmasq.d/10-nodebake-head.conf"]
    assert "addr: 172.16.0.1:5000\n" in said["etc/docker/registry/config.yml"]
    assert not [path for path, text in said.items() if "10.42.0." in text or "eth0" in text]


def test_the_shipped_inventory_is_one_for_it() -> None:
    said = texts(head(cluster__yaml=(ROOT / "cluster.example.yaml").read_text()).effects())
    hosts = [line for line in said["etc/nodebake/dhcp-hosts"].splitlines() if line[:1] != "#"]
    assert len(hosts) == 48
    assert "powerall.py on 1 60\n" in said["etc/systemd/system/maker-power-on.service"]


def test_it_has_what_the_package_has() -> None:
    effects = head().effects()
    listed = (ROOT / "packaging/nodebake-head/files").read_text().splitlines()
    sources = [line.split()[2] for line in listed if line.startswith("file")]
    files = {effect.path: effect for effect in effects if isinstance(effect, WriteFile)}
    assert files["etc/sudoers.d/nodebake-head"].mode == 0o440
    program = files["usr/bin/nodebake-head"]
    assert program.content == Inline((ROOT / "packaging/nodebake-head/nodebake-head").read_bytes())
    code = ROOT / "builder/head"
    # The maker's programs and what starts nodes with them are no part of publishing.
    apart = {code / "client", code / "start"}
    modules = {str(path.relative_to(code)) for path in code.rglob("*.py") if path.parent not in apart}
    place = "usr/share/nodebake-head/builder/head/"
    assert {path.removeprefix(place) for path in files if path.startswith(place)} == modules
    assert {"builder/errors.py", "builder/head/*.py"} <= set(sources)
    packages = {effect.name for effect in effects if isinstance(effect, Package)}
    assert {"dnsmasq", "nfs-kernel-server", "systemd-journal-remote", "zstd"} <= packages


def test_it_trusts_the_projects_keys_where_there_are_some() -> None:
    place = "etc/nodebake/allowed_signers"
    assert place not in {effect.path for effect in head().effects() if isinstance(effect, WriteFile)}
    with_keys = head(release_signers="a-key\n").effects()
    (trusted,) = [each for each in with_keys if isinstance(each, WriteFile) and each.path == place]
    assert isinstance(trusted.content, FromFile)
    assert trusted.content.source == "release_signers"


def test_it_trusts_no_key_that_was_revoked() -> None:
    """`key revoke` leaves the key in the one list, and writes it into the other."""
    effects = head(release_signers="a-key\nanother\n", revoked_signers="another\n").effects()
    sources = {
        each.path: each.content.source
        for each in effects
        if isinstance(each, WriteFile) and isinstance(each.content, FromFile)
    }
    assert sources["etc/nodebake/revoked_signers"] == "revoked_signers"
    assert sources["etc/nodebake/allowed_signers"] == "release_signers"


@pytest.mark.parametrize("signers", ["", ".", "/"])
def test_signers_that_are_no_file(signers: str) -> None:
    recipe = f"format: 1\nboards: [pi4]\nlayers:\n  - head: {{signers: '{signers}'}}\n"
    assert refusals(DictSources({"recipes/x.yaml": recipe})) == [
        f"the file of signers `{signers}` leaves the project"
    ]
