# SPDX-License-Identifier: Apache-2.0
"""The wireless part of `network`: joined at boot with a passphrase that is never baked in.

Flashing puts the secret at `SECRETS`/NAME on the node. A small unit makes wpa_supplicant's
configuration from it under /run before wpa_supplicant starts.
"""

from __future__ import annotations

from builder.recipe.effect import Effect, Inline, MakeLink, Package, UnitState, WriteFile
from builder.recipe.scope import Scope

SECRETS = "/etc/nodebake/secrets"

_NETWORK = """\
[Match]
Type=wlan
Name=wl*

[Network]
DHCP=yes

[DHCPv4]
ClientIdentifier=mac
UseHostname=no
RouteMetric=600
"""

_SCRIPT = """\
#!/bin/sh
# Makes wpa_supplicant's configuration from the secret that was given at flash time.
set -eu
umask 077
mkdir -p /run/nodebake
# In a pipe, its failure would go unseen, for a passphrase that is too short for one.
network=$(wpa_passphrase '@ssid@' <@secret@)
{
    echo 'ctrl_interface=DIR=/run/wpa_supplicant GROUP=netdev'
    echo 'country=@country@'
    # And no echo: it would take a backslash for the beginning of something else.
    printf '%s\\n' "$network" | grep -v '#psk='
} >/run/nodebake/wpa_supplicant.conf
"""

_UNIT = """\
[Unit]
Description=Configuration of the wireless network
Before=wpa_supplicant@wlan0.service
ConditionPathExists=@secret@

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/lib/nodebake/wifi

[Install]
RequiredBy=wpa_supplicant@wlan0.service
"""

_DROPIN = """\
[Unit]
ConditionPathExists=@secret@

[Service]
ExecStart=
ExecStart=/usr/sbin/wpa_supplicant -c/run/nodebake/wpa_supplicant.conf -Dnl80211,wext -i%I
"""

_STARTS = "etc/systemd/system/sys-subsystem-net-devices-wlan0.device.wants/wpa_supplicant@wlan0.service"


def expand(scope: Scope) -> list[Effect]:
    """The effects of `wifi: site`."""
    known = scope.site.wifi
    if known is None:
        without = [f"`{board.name}`" for board in scope.boards if not board.ethernet]
        message = f"{' and '.join(without)} without Ethernet wants" if without else "this wants"
        advice = "add `wifi:` to site.yaml, or say `wifi: none`"
        scope.problem(f"{message} a wireless network, and the site has none", "wifi", hint=advice)
        return []
    if "'" in known.ssid or not known.ssid.isprintable():
        place = scope.site.place("wifi", "ssid")
        hint = f"at {place}" if place else None
        scope.problem("the site's `ssid` holds a quote or a sign that cannot be written", "wifi", hint=hint)
        return []
    scope.wants.append(known.secret)
    values = {"ssid": known.ssid, "country": known.country, "secret": f"{SECRETS}/{known.secret}"}
    return [
        Package("wpasupplicant"),
        Package("wireless-regdb"),
        Package("firmware-brcm80211"),
        WriteFile("etc/systemd/network/30-wireless.network", _filled(_NETWORK, values)),
        WriteFile("usr/lib/nodebake/wifi", _filled(_SCRIPT, values), 0o755),
        WriteFile("etc/systemd/system/nodebake-wifi.service", _filled(_UNIT, values)),
        WriteFile("etc/systemd/system/wpa_supplicant@.service.d/10-nodebake.conf", _filled(_DROPIN, values)),
        UnitState("nodebake-wifi.service", "enable"),
        # Started by the network card and not by the boot: a board of the same image without one would wait
        # for it until the time-out of devices, and asks for no login before that.
        MakeLink(_STARTS, "/usr/lib/systemd/system/wpa_supplicant@.service"),
    ]


def _filled(text: str, values: dict[str, str]) -> Inline:
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    return Inline(text.encode())
