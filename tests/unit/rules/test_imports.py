# SPDX-License-Identifier: Apache-2.0
"""Imports run one way, and each effect on the machine has one room."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

from tests.unit.rules.source import ROOT, Source, of_builder

PURE = ("recipe", "cluster", "lock", "plan", "tree")
# What runs on the head and what flashes a card on a node are programs of their own: their doors, their voice.
DOORS = ("builder/head/ground/machine.py", "builder/flash/agent/machine.py")
FLASHERS_VOICE = "builder/flash/agent/main.py"
HEADS_COMMAND = "builder/head/main.py"
HEADS_ROOMS = ("ground", "release", "node", "served", "boots", "upkeep", "verbs")
NOT_FOR_PURE = ("host", "archive", "registry", "store", "build", "boot", "cli", "report")


def offences(
    found: Callable[[Source], Iterator[tuple[str, int]]], wrong: Callable[[Source, str], bool]
) -> list[str]:
    return [
        f"{source.path}:{line}: {name}"
        for source in of_builder()
        for name, line in found(source)
        if wrong(source, name)
    ]


def inside(name: str, *modules: str) -> bool:
    return any(name == module or name.startswith(module + ".") for module in modules)


def test_only_host_imports_what_touches_processes() -> None:
    assert not offences(
        Source.imports,
        lambda source, name: (
            source.room != "host"
            and source.path not in DOORS
            and inside(name, "subprocess", "tempfile", "signal", "ctypes", "pty")
        ),
    )


def test_only_host_forks_and_executes() -> None:
    assert not offences(
        Source.names,
        lambda source, name: (
            source.room != "host"
            and name.startswith(("os.fork", "os.exec", "os.spawn", "os.posix_spawn", "os.unshare", "os.kill"))
        ),
    )


def test_the_pure_rooms_see_nothing_of_the_machine() -> None:
    rooms = tuple(f"builder.{room}" for room in NOT_FOR_PURE)
    assert not offences(Source.imports, lambda source, name: source.room in PURE and inside(name, *rooms))


def test_the_pure_rooms_have_no_clock_and_no_network() -> None:
    modules = ("time", "random", "secrets", "socket", "urllib.request", "requests")
    assert not offences(Source.imports, lambda source, name: source.room in PURE and inside(name, *modules))


def test_release_knows_nothing_of_the_builders_insides() -> None:
    assert not offences(
        Source.imports,
        lambda source, name: (
            source.room == "release" and inside(name, "builder.store", "builder.build", "builder.cli")
        ),
    )


def test_nothing_imports_the_command_line_but_itself() -> None:
    assert not offences(
        Source.imports,
        lambda source, name: (
            source.room != "cli" and source.path != "builder/__main__.py" and inside(name, "builder.cli")
        ),
    )


def test_only_report_prints() -> None:
    assert not offences(
        Source.names,
        lambda source, name: (
            source.room not in ("report", "host", "head")
            and source.path != FLASHERS_VOICE
            and name in ("print", "sys.stdout", "sys.stderr")
        ),
    )


def test_in_host_only_the_worker_speaks_on_its_streams() -> None:
    # The worker inside the namespaces answers with JSON lines on its stdout.
    assert not offences(
        Source.names,
        lambda source, name: (
            source.room == "host"
            and source.path not in ("builder/host/worker.py", "builder/host/child.py")
            and name in ("print", "sys.stdout", "sys.stderr")
        ),
    )


def test_only_main_exits() -> None:
    def exits(source: Source, name: str) -> bool:
        if source.room == "host" and name == "os._exit":
            return False  # a forked child has no other way out
        if _is_program(source) and name == "sys.exit":
            return False
        return source.path != "builder/cli/main.py" and name in ("sys.exit", "SystemExit", "os._exit")

    assert not offences(Source.names, exits)


def test_the_head_has_little_installed() -> None:
    def foreign(source: Source, name: str) -> bool:
        own = [path.stem for path in (ROOT / source.path).parent.glob("*.py")]
        first = name.split(".", maxsplit=1)[0]
        return first not in (*sys.stdlib_module_names, "websockets", *own) and not inside(
            # The errors are the standard library's alone, and go to the head too.
            name,
            "builder.head",
            "builder.errors",
        )

    assert not offences(Source.imports, lambda source, name: source.room == "head" and foreign(source, name))


def test_the_rooms_of_the_head_see_those_before_them() -> None:
    def later(source: Source, name: str) -> bool:
        room = source.path.removeprefix("builder/head/").partition("/")[0]
        after = HEADS_ROOMS[HEADS_ROOMS.index(room) + 1 :] if room in HEADS_ROOMS else ()
        return inside(name, *(f"builder.head.{each}" for each in after))

    assert not offences(Source.imports, lambda source, name: source.room == "head" and later(source, name))


def test_what_flashes_a_card_is_sent_to_nodes() -> None:
    def foreign(source: Source, name: str) -> bool:
        first = name.split(".", maxsplit=1)[0]
        own = ("builder.errors", "builder.release.index", "builder.flash.agent")
        return first not in sys.stdlib_module_names and not inside(name, *own)

    assert not offences(
        Source.imports,
        lambda source, name: source.path.startswith("builder/flash/agent/") and foreign(source, name),
    )


def _is_program(source: Source) -> bool:
    """Whether it is one of the head's programs, which exit for themselves."""
    program = source.room == "head" and source.text.startswith("#!")
    return program or source.path == HEADS_COMMAND


def test_no_shell_in_between() -> None:
    assert not offences(
        Source.names, lambda _, name: name in ("os.system", "os.popen", "subprocess.getoutput")
    )
    assert not [source.path for source in of_builder() if "shell=" + "True" in source.text]
