# SPDX-License-Identifier: Apache-2.0
"""What each kind of layer expands to."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import pytest

from builder.base import definition as bases
from builder.board import definition as boards
from builder.recipe.effect import (
    AddSuite,
    AddUser,
    CmdlineWord,
    ConfigTxt,
    FromFile,
    MakeLink,
    Package,
    PreloadImage,
    RunScript,
    UnitState,
    WriteFile,
)
from builder.recipe.layer.docker import impossible, unavailable
from tests.unit.recipe.project import KEY, SITE, layer, recipe, texts


def test_packages() -> None:
    assert layer("packages: [sudo, g++]") == (Package("sudo"), Package("g++"))


def test_users_take_the_keys_of_the_site() -> None:
    effects = layer("users: [{name: op, keys: site, sudo: free, groups: [docker]}]", site__yaml=SITE)
    user = AddUser("op", groups=("docker",), keys=(KEY,), sudo="free")
    assert effects == (Package("sudo"), user)


def test_users_of_a_site_without_keys_have_none() -> None:
    assert layer("users: [{name: op, keys: site}]") == (AddUser("op"),)


def test_services() -> None:
    effects = layer(
        "services: {enable: [a.service], mask: [b@c.timer], dropins: {a.service: {1.conf: '[X]'}}}"
    )
    assert effects == (
        UnitState("a.service", "enable"),
        UnitState("b@c.timer", "mask"),
        WriteFile("etc/systemd/system/a.service.d/1.conf", effects[2].content),  # type: ignore[union-attr]
    )
    assert texts(effects) == {"etc/systemd/system/a.service.d/1.conf": "[X]\n"}


def test_network_by_dhcp() -> None:
    effects = layer("network: {}")
    assert UnitState("systemd-networkd.service", "enable") in effects
    assert MakeLink("etc/resolv.conf", "../run/systemd/resolve/stub-resolv.conf") in effects
    assert list(texts(effects)) == ["etc/systemd/network/20-ethernet.network"]
    text = texts(effects)["etc/systemd/network/20-ethernet.network"]
    assert text == (
        "[Match]\nType=ether\nName=e* usb*\n\n[Network]\nDHCP=yes\n\n"
        "[DHCPv4]\nClientIdentifier=mac\nUseHostname=no\nUseDomains=yes\n"
    )


def test_network_with_a_fixed_address() -> None:
    fixed = "{address: 10.42.0.7/24, gateway: 10.42.0.250, dns: [9.9.9.9]}"
    effects = layer(f"network: {{ethernet: {fixed}, hostname: node07}}")
    assert texts(effects)["etc/systemd/network/20-ethernet.network"] == (
        "[Match]\nType=ether\nName=e* usb*\n\n"
        "[Network]\nAddress=10.42.0.7/24\nGateway=10.42.0.250\nDNS=9.9.9.9\n"
    )
    assert texts(effects)["etc/hostname"] == "node07\n"


def test_the_wireless_secret_is_wanted_and_not_written() -> None:
    site = SITE + "wifi: {ssid: home, psk: {secret: wifi_psk}}\nsecrets: {wifi_psk: {env: SECRET}}\n"
    text = "format: 1\nlayers:\n  - network: {wifi: site}\n"
    found = recipe({"recipes/x.yaml": text, "site.yaml": site})
    assert found.wants == ("wifi_psk",)
    assert Package("firmware-brcm80211") in found.effects()
    assert not any("SECRET" in text for text in texts(found.effects()).values())


def test_locale_defaults_and_site() -> None:
    effects = layer("locale: {}")
    assert texts(effects) == {"etc/locale.conf": "LANG=C.UTF-8\n", "etc/timezone": "Etc/UTC\n"}
    assert Package("locales-all") not in effects
    site = SITE + "locale: {lang: de_DE.UTF-8, timezone: US/Pacific}\nntp: [10.0.0.1, pool.ntp.org]\n"
    effects = layer("locale: {}", site__yaml=site)
    assert Package("locales-all") in effects
    assert Package("tzdata-legacy") in effects
    assert MakeLink("etc/localtime", "/usr/share/zoneinfo/US/Pacific") in effects
    conf = texts(effects)["etc/systemd/timesyncd.conf.d/10-nodebake.conf"]
    assert conf == "[Time]\nNTP=10.0.0.1 pool.ntp.org\n"


def test_boot() -> None:
    effects = layer("boot: {config: [gpu_mem=16, {pi3bplus: [a=1], all: [b=2]}], cmdline: [quiet]}")
    assert effects == (
        ConfigTxt("gpu_mem=16"),
        ConfigTxt("a=1", "pi3+"),
        ConfigTxt("b=2"),
        CmdlineWord("quiet"),
    )


def test_docker() -> None:
    effects = layer("docker: {log: {max_size: 5M, max_file: 2}, daemon: {debug: true}}")
    assert json.loads(texts(effects)["etc/docker/daemon.json"]) == {
        "debug": True,
        "live-restore": True,
        "log-driver": "local",
        "log-opts": {"max-file": "2", "max-size": "5m"},
        "storage-driver": "overlay2",
    }
    assert {Package("docker.io"), Package("docker-cli"), Package("apparmor")} < set(effects)
    assert CmdlineWord("cgroup_enable=memory") in effects
    assert texts(effects)["etc/nodebake/docker"] == "STRATEGY=overlay2\nDRIVER=overlay2\n"


def test_docker_of_a_swarm() -> None:
    """It refuses to be one while containers outlive it."""
    daemon = json.loads(texts(layer("docker: {swarm: true}"))["etc/docker/daemon.json"])
    assert daemon["live-restore"] is False


def test_images_that_come_with_the_root() -> None:
    text = "format: 1\nboards: [pi4]\nlayers: [{docker: {preload: [images/sim.tar]}}]\n"
    effects = recipe({"recipes/x.yaml": text, "images/sim.tar": "an archive"}).layers[-1].effects
    sha256 = hashlib.sha256(b"an archive").hexdigest()
    archive = WriteFile("usr/share/nodebake/images/sim.tar", FromFile("images/sim.tar", sha256, 10))
    assert archive in effects
    assert texts(effects)["usr/share/nodebake/images/sim.tar.id"] == f"{sha256}\n"


@pytest.mark.parametrize("word", ["{image: 'alpine:3'}", "'docker://alpine:3'"])
def test_an_image_of_a_registry_is_asked_for(word: str) -> None:
    text = f"format: 1\nboards: [pi4]\nlayers: [{{docker: {{preload: [{word}]}}}}]\n"
    effects = recipe({"recipes/x.yaml": text}).layers[-1].effects
    assert PreloadImage("docker.io/library/alpine:3", ("linux/arm64",)) in effects


def test_docker_from_dockers_own_archive() -> None:
    effects = layer("docker: {from: docker, daemon: {features: {cdi: true}}}")
    assert AddSuite("docker", "trixie", ("stable",)) in effects
    assert {Package("docker-ce"), Package("docker-ce-cli"), Package("containerd.io")} < set(effects)
    assert Package("docker.io") not in effects
    daemon = json.loads(texts(effects)["etc/docker/daemon.json"])
    assert daemon["storage-driver"] == "overlay2"
    assert daemon["features"] == {"cdi": True, "containerd-snapshotter": False}


@pytest.mark.parametrize("source", ["debian", "docker"])
def test_the_data_of_docker_and_its_containerd_move_together(source: str) -> None:
    files = texts(layer(f"docker: {{from: {source}, root: /srv/data}}"))
    assert json.loads(files["etc/docker/daemon.json"])["data-root"] == "/srv/data/docker"
    assert '\nroot = "/srv/data/containerd"\n' in files["etc/containerd/config.toml"]
    assert "etc/containerd/config.toml" not in texts(layer(f"docker: {{from: {source}}}"))


def test_for_which_bases_docker_has_packages() -> None:
    debian = bases.load("debian")
    assert unavailable(debian) is None
    assert unavailable(bases.load("raspios")) is None
    assert unavailable(replace(debian, architecture="armhf", instructions="armv7")) is None
    assert unavailable(bases.load("raspbian")) == (
        "there are no packages for Raspbian since version 29, and those for Debian's armhf are ARMv7"
    )
    assert unavailable(replace(debian, architecture="armel", instructions="armv5")) == (
        "there are no packages for armel"
    )


def test_a_board_without_ethernet_joins_the_wireless_network() -> None:
    wifi = "wifi: {ssid: net, country: DE, psk: {secret: psk}}\nsecrets: {psk: {env: PSK}}\n"
    text = "format: 1\nboards: [BOARD]\nlayers: [{network: {}}]\n"

    def asked(board: str) -> bool:
        files = {"recipes/x.yaml": text.replace("BOARD", board), "site.yaml": SITE + wifi}
        return Package("wpasupplicant") in recipe(files).effects()

    assert asked("pizero2w")
    assert not asked("pi3b")


def test_docker_of_debian_12_holds_its_client() -> None:
    wifi = "wifi: {ssid: net, country: DE, psk: {secret: psk}}\nsecrets: {psk: {env: PSK}}\n"
    text = "format: 1\nbase: debian-armel\nboards: [pizerow]\nlayers: [{docker: {}}]\n"
    effects = recipe({"recipes/x.yaml": text, "site.yaml": SITE + wifi}).layers[-1].effects
    assert Package("docker.io") in effects
    assert Package("docker-cli") not in effects


def test_docker_that_cannot_run() -> None:
    board = boards.load("pi3b")
    assert impossible(board) is None
    small = replace(board, memory=256)
    assert impossible(small) == "it has 256 MiB of memory, docker wants 512"


def test_script_with_inputs() -> None:
    text = "format: 1\nlayers:\n  - script: {run: s.sh, inputs: [data, one.txt]}\n"
    files = {"recipes/x.yaml": text, "s.sh": "#!/bin/sh\n", "data/a": "a", "data/b/c": "c", "one.txt": "1"}
    (effect,) = recipe(files).layers[-1].effects
    assert isinstance(effect, RunScript)
    assert effect.source.source == "s.sh"
    assert [file.source for file in effect.inputs] == ["data/a", "data/b/c", "one.txt"]
    assert all(isinstance(file, FromFile) and len(file.sha256) == 64 for file in effect.inputs)
