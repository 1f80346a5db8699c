# SPDX-License-Identifier: Apache-2.0
"""The configuration of the wireless network, made at boot from the secret on the card."""

from __future__ import annotations

import os

import pytest

from builder.recipe.effect import Inline, WriteFile
from tests.unit.overlays.machine import Machine
from tests.unit.recipe.project import SITE, recipe

SITE_WITH_WIFI = SITE + "wifi: {ssid: my net, country: DE, psk: {secret: psk}}\nsecrets: {psk: {env: PSK}}\n"
RECIPE = "format: 1\nlayers:\n  - network: {wifi: site}\n"
# As wpa_passphrase of Debian 12 and 13 does it.
WPA_PASSPHRASE = """\
IFS= read -r phrase
echo '# reading passphrase from stdin' >&2
if [ ${#phrase} -lt 8 ]; then
    echo 'Passphrase must be 8..63 characters' >&2
    exit 1
fi
printf 'network={\\n\\tssid="%s"\\n\\t#psk="%s"\\n\\tpsk=7a3e\\n}\\n' "$1" "$phrase"
"""


@pytest.fixture
def script(machine: Machine) -> str:
    """The script, with this machine's folders."""
    effects = recipe({"recipes/x.yaml": RECIPE, "site.yaml": SITE_WITH_WIFI}).effects()
    (content,) = (
        effect.content
        for effect in effects
        if isinstance(effect, WriteFile) and effect.path == "usr/lib/nodebake/wifi"
    )
    assert isinstance(content, Inline)
    text = content.data.decode()
    for folder in ("/run/nodebake", "/etc/nodebake"):
        text = text.replace(folder, f"{machine.root}{folder}")
    machine.stub("wpa_passphrase", WPA_PASSPHRASE)
    (machine.root / "run").mkdir()
    return os.fspath(machine.write("wifi", text))


@pytest.mark.parametrize("phrase", ["a good passphrase", r"a\new\\one\c", "#psk= 'and\" $more "])
def test_the_key_is_in_it_and_the_passphrase_is_not(machine: Machine, script: str, phrase: str) -> None:
    machine.write("etc/nodebake/secrets/psk", f"{phrase}\n")
    done = machine.run_file(script)
    assert done.returncode == 0, done.stderr
    assert machine.read("run/nodebake/wpa_supplicant.conf") == (
        "ctrl_interface=DIR=/run/wpa_supplicant GROUP=netdev\n"
        "country=DE\n"
        'network={\n\tssid="my net"\n\tpsk=7a3e\n}\n'
    )
    assert (machine.root / "run/nodebake/wpa_supplicant.conf").stat().st_mode & 0o777 == 0o600


def test_a_passphrase_that_is_none(machine: Machine, script: str) -> None:
    machine.write("etc/nodebake/secrets/psk", "short\n")
    done = machine.run_file(script)
    assert done.returncode == 1
    assert "Passphrase must be 8..63 characters" in done.stderr
    assert not (machine.root / "run/nodebake/wpa_supplicant.conf").exists()
