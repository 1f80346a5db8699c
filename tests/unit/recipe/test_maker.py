# SPDX-License-Identifier: Apache-2.0
"""The maker's programs: ours, or the site's own files."""

from __future__ import annotations

import hashlib
from pathlib import Path

from builder.recipe.effect import Effect, FromFile, MakeDirectory, Package, UnitState, WriteFile
from builder.recipe.resolve import resolve
from builder.recipe.sources import DictSources
from tests.unit.cluster.samples import HEAD, node
from tests.unit.recipe.project import layer, recipe, refusals, texts

CLIENT = Path(__file__).parents[3] / "builder/head/client"
PROGRAMS = ("activetest.py", "debugled.py", "power.py", "powerall.py", "statusrequest.py", "testall.py")
UNITS = ("maker-control-plane.service", "maker-power-on.service", "maker-self-test.service")


def written(effects: tuple[Effect, ...]) -> dict[str, WriteFile]:
    return {effect.path: effect for effect in effects if isinstance(effect, WriteFile)}


def enabled(effects: tuple[Effect, ...]) -> list[str]:
    return [effect.unit for effect in effects if isinstance(effect, UnitState) and effect.state == "enable"]


def with_originals(files: dict[str, str], more: str = "") -> tuple[Effect, ...]:
    """The effects of the layer with these original files, all of them listed."""
    pins = ", ".join(f"{name}: {hashlib.sha256(text.encode()).hexdigest()}" for name, text in files.items())
    text = f"maker: {{user: pi, originals: {{from: o, files: {{{pins}}}{more}}}}}"
    return (
        recipe(
            {"recipes/x.yaml": f"format: 1\nlayers:\n  - {text}\n"}
            | {f"o/{name}": text for name, text in files.items()}
        )
        .layers[-1]
        .effects
    )


def test_our_programs_are_the_users() -> None:
    effects = layer("maker: {user: pi}")
    files = written(effects)
    assert {
        Package("python3"),
        Package("python3-websockets"),
        MakeDirectory("home/pi/client", 0o755, "pi", "pi"),
    } <= set(effects)
    for name in PROGRAMS:
        file = files[f"home/pi/client/{name}"]
        assert (file.mode, file.owner, file.group) == (0o755, "pi", "pi")
        assert texts(effects)[file.path] == (CLIENT / name).read_text()
    assert files["home/pi/client/bladerunner.py"].mode == 0o644


def test_our_units_start_what_is_there() -> None:
    effects = layer("maker: {user: op, folder: tools/blade, nodes: 12}")
    said = texts(effects)
    assert MakeDirectory("home/op/tools", 0o755, "op", "op") in effects
    assert not [effect for effect in effects if effect == MakeDirectory("home/op", 0o755, "op", "op")]
    assert enabled(effects) == list(UNITS)
    power_on = said["etc/systemd/system/maker-power-on.service"]
    assert "User=op\nExecStart=/usr/bin/python3 /home/op/tools/blade/powerall.py on 1 12\n" in power_on
    control = said["etc/systemd/system/maker-control-plane.service"]
    assert "Type=oneshot\n" in control
    assert "ExecStart=/usr/lib/nodebake/wait-for-control-plane 1236 120\n" in control
    assert not [text for text in said.values() if "@user@" in text or "@folder@" in text or "@last@" in text]


def test_the_sites_files_take_the_place_of_ours() -> None:
    effects = with_originals({"power.py": "theirs\n", "lib/blade.py": "more\n"})
    files = written(effects)
    content = files["home/pi/client/power.py"].content
    assert isinstance(content, FromFile)
    assert content.source == "o/power.py"
    assert files["home/pi/client/lib/blade.py"].owner == "pi"
    assert MakeDirectory("home/pi/client/lib", 0o755, "pi", "pi") in effects
    assert "home/pi/client/testall.py" in texts(effects)
    assert enabled(effects) == list(UNITS)


def test_the_sites_daemon_is_started_and_waited_for() -> None:
    text = "#!/bin/sh\n"
    pin = f"bladed: {{sha256: {hashlib.sha256(text.encode()).hexdigest()}, mode: '0755'}}"
    effects = layer(
        f"maker: {{user: pi, originals: {{from: o, files: {{{pin}}}, daemon: bladed}}}}", **{"o/bladed": text}
    )
    control = texts(effects)["etc/systemd/system/maker-control-plane.service"]
    assert "User=pi\nWorkingDirectory=/home/pi/client\nExecStart=/home/pi/client/bladed\n" in control
    assert "ExecStartPost=/usr/lib/nodebake/wait-for-control-plane 1236 120\n" in control


def test_a_daemon_must_be_a_program() -> None:
    digest = hashlib.sha256(b"x").hexdigest()
    text = f"maker: {{user: pi, originals: {{from: o, files: {{bladed: {digest}}}, daemon: bladed}}}}"
    files: dict[str, bytes | str] = {"recipes/x.yaml": f"format: 1\nlayers:\n  - {text}\n", "o/bladed": b"x"}
    assert refusals(DictSources(files)) == ["`bladed` cannot be run"]


def test_the_makers_own_self_test_is_called_as_the_maker_calls_it() -> None:
    unit = "etc/systemd/system/maker-self-test.service"
    ours = texts(layer("maker: {user: pi, nodes: 9}"))[unit]
    assert "ExecStart=/usr/bin/python3 /home/pi/client/testall.py --spare-running 1 9\n" in ours
    assert (
        "ExecStart=/usr/bin/python3 /home/pi/client/testall.py\n"
        in texts(with_originals({"testall.py": ""}))[unit]
    )


def test_the_last_node_is_that_of_the_inventory() -> None:
    inventory = f"{HEAD}nodes:\n{node(3)}{node(12)}{node(61)}"
    effects = layer("maker: {user: pi}", cluster__yaml=inventory)
    assert "powerall.py on 1 12\n" in texts(effects)["etc/systemd/system/maker-power-on.service"]


def test_the_sites_units_take_the_place_of_our_sequence() -> None:
    files = {"a.service": "[Unit]\n[Install]\nWantedBy=multi-user.target\n", "b.service": "[Unit]\n"}
    effects = with_originals(files, ", units: [a.service, b.service]")
    assert enabled(effects) == ["a.service"]
    assert {path for path in written(effects) if "systemd" in path} == {
        "etc/systemd/system/a.service",
        "etc/systemd/system/b.service",
    }
    assert "home/pi/client/a.service" not in written(effects)


def test_modes() -> None:
    digest = hashlib.sha256(b"x").hexdigest()
    pins = f"a: {{sha256: {digest}, mode: '0600'}}, b: {digest}, c: {digest}"
    text = f"format: 1\nlayers:\n  - maker: {{user: pi, originals: {{from: o, files: {{{pins}}}}}}}\n"
    sources = DictSources(
        {"recipes/x.yaml": text, "o/a": b"x", "o/b": b"x", "o/c": b"x"}, executables=frozenset({"o/b"})
    )
    files = written(resolve(sources, "x", {}).layers[-1].effects)
    assert [files[f"home/pi/client/{name}"].mode for name in "abc"] == [0o600, 0o755, 0o644]


def test_a_module_of_ours_is_not_replaced_under_our_programs() -> None:
    digest = hashlib.sha256(b"x").hexdigest()
    originals = f"{{from: o, files: {{bladerunner.py: {digest}}}}}"
    text = f"format: 1\nlayers:\n  - maker: {{user: pi, originals: {originals}}}\n"
    (said,) = refusals(DictSources({"recipes/x.yaml": text, "o/bladerunner.py": b"x"}))
    assert said.endswith("would speak through the site's `bladerunner.py`")
    assert all(f"`{name}`" in said for name in PROGRAMS)


def test_a_link_is_not_pinned() -> None:
    digest = hashlib.sha256(b"x").hexdigest()
    text = f"format: 1\nlayers:\n  - maker: {{user: pi, originals: {{from: o, files: {{l: {digest}}}}}}}\n"
    sources = DictSources({"recipes/x.yaml": text}, links={"o/l": "/etc/passwd"})
    assert refusals(sources) == ["the original `o/l` is no plain file"]
