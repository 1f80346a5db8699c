# SPDX-License-Identifier: Apache-2.0
"""`network: {ethernet: dhcp, hostname: name, wifi: site}`: systemd-networkd and -resolved."""

from __future__ import annotations

import re
from ipaddress import ip_address, ip_interface
from typing import Annotated, Literal

from pydantic import Field, Tag

from builder.recipe import wireless
from builder.recipe.effect import Effect, Inline, MakeLink, Package, UnitState, WriteFile
from builder.recipe.either import by_type
from builder.recipe.scope import Scope
from builder.recipe.strict import Strict

_HOSTNAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


class Static(Strict):
    """A fixed address."""

    address: str = Field(description="with its prefix, as in `10.42.0.7/24`")
    gateway: str | None = Field(None, description="default route")
    dns: list[str] = Field([], description="name servers")


class Model(Strict):
    """Ethernet, host name, wireless."""

    ethernet: Annotated[
        Annotated[Literal["dhcp"], Tag("<word>")] | Annotated[Static, Tag("<mapping>")], by_type(str, dict)
    ] = Field("dhcp", description="`dhcp`, or a fixed address")
    hostname: str | None = Field(None, description="the host name; none is written when absent")
    wifi: Literal["auto", "site", "none"] = Field(
        "auto", description="`site` joins the network of site.yaml, `auto` where a board has no Ethernet"
    )


def expand(model: Model, scope: Scope) -> list[Effect]:
    effects: list[Effect] = [
        Package("systemd-resolved"),
        WriteFile("etc/systemd/network/20-ethernet.network", Inline(_ethernet(model, scope).encode())),
        # The package makes this link on a running system; a build must not leave the builder's file.
        MakeLink("etc/resolv.conf", "../run/systemd/resolve/stub-resolv.conf"),
        UnitState("systemd-networkd.service", "enable"),
        UnitState("systemd-resolved.service", "enable"),
    ]
    if model.hostname is not None:
        effects += _hostname(model.hostname, scope)
    if model.wifi == "site" or (model.wifi == "auto" and _lacks_ethernet(scope)):
        effects += wireless.expand(scope)
    return effects


def _lacks_ethernet(scope: Scope) -> bool:
    return any(not board.ethernet for board in scope.boards)


def _hostname(name: str, scope: Scope) -> list[Effect]:
    if not _HOSTNAME.fullmatch(name):
        hint = "lower-case letters, digits and inner hyphens, up to 63"
        scope.problem(f"`{name}` is no host name", "hostname", hint=hint)
    hosts = f"127.0.0.1 localhost\n127.0.1.1 {name}\n::1 localhost ip6-localhost ip6-loopback\n"
    return [
        WriteFile("etc/hostname", Inline(f"{name}\n".encode())),
        WriteFile("etc/hosts", Inline(hosts.encode())),
    ]


def _ethernet(model: Model, scope: Scope) -> str:
    match = "[Match]\nType=ether\nName=e* usb*\n\n[Network]\n"
    if model.ethernet == "dhcp":
        # The MAC as client id: the same lease from firmware, initramfs and system.
        return f"{match}DHCP=yes\n\n[DHCPv4]\nClientIdentifier=mac\nUseHostname=no\nUseDomains=yes\n"
    assert isinstance(model.ethernet, Static)
    fixed = model.ethernet
    _address(fixed.address, True, scope, "ethernet", "address")
    lines = [f"Address={fixed.address}"]
    if fixed.gateway is not None:
        _address(fixed.gateway, False, scope, "ethernet", "gateway")
        lines.append(f"Gateway={fixed.gateway}")
    for i, server in enumerate(fixed.dns):
        _address(server, False, scope, "ethernet", "dns", i)
        lines.append(f"DNS={server}")
    return match + "".join(f"{line}\n" for line in lines)


def _address(text: str, prefix: bool, scope: Scope, *at: str | int) -> None:
    try:
        ip_interface(text) if prefix else ip_address(text)
    except ValueError:
        scope.problem(f"`{text}` is no address", *at)
        return
    if prefix and "/" not in text:
        scope.problem(f"`{text}` lacks its prefix", *at, hint=f"write `{text}/24` for a net of 256")
