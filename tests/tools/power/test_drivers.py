# SPDX-License-Identifier: Apache-2.0
"""Each driver against what it drives: control planes, an XML-RPC server, a powerman daemon, programs."""

from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xmlrpc.server import SimpleXMLRPCServer

import pytest

from builder.errors import LackingError, NodebakeError
from builder.host.awaited import TookTooLong
from builder.power.driver.powerman import answered
from builder.power.kind import kind
from builder.power.outlet import MAINS, Driver, Outlet, PowerError, State
from tests.needs import PATH, needs_tool
from tests.tools.power.plane import Foreign, in_thread, simulator

pytestmark = pytest.mark.tools

NODE_7 = Outlet(7, "node07", "b8:27:eb:00:00:07")
SOCKET = Outlet(MAINS, "mains")


def drive(name: str, work: Callable[[Driver], Awaitable[Any]], **settings: Any) -> tuple[Any, list[str]]:
    """What `work` returns with a driver of these settings, and what the driver told meanwhile."""
    told: list[str] = []

    async def run() -> Any:
        found = kind(name)
        model = found.model.model_validate({"driver": name, **settings})
        async with found.connect(model, told.append) as driver:
            return await work(driver)

    return asyncio.run(run()), told


async def there_and_back(driver: Driver) -> list[State]:
    """The states of node 7 as it is found, switched on, and switched off."""
    states = [await state(driver)]
    await driver.on(NODE_7)
    states.append(await state(driver))
    await driver.off(NODE_7)
    return [*states, await state(driver)]


async def state(driver: Driver, outlet: Outlet = NODE_7) -> State:
    return (await driver.status([outlet]))[outlet.number]


def fault(name: str, work: Callable[[Driver], Awaitable[Any]], **settings: Any) -> NodebakeError:
    """The error that `work` ends with."""
    with pytest.raises(NodebakeError) as caught:
        drive(name, work, **settings)
    return caught.value


OFF_ON_OFF = [State.OFF, State.ON, State.OFF]


# The control plane.


def test_bladerunner() -> None:
    with simulator() as plane:
        assert drive("bladerunner", there_and_back, url=plane.url) == (OFF_ON_OFF, [])
    assert plane.no_violations()


def test_bladerunner_against_a_server_that_is_not_ours() -> None:
    with in_thread(Foreign().serve) as url:
        assert drive("bladerunner", there_and_back, url=url) == (OFF_ON_OFF, [])


def test_bladerunner_asks_for_many_nodes_at_once() -> None:
    outlets = [Outlet(number, f"node{number:02}") for number in (1, 2, 60, 61)]
    with simulator() as plane:
        plane.plant.on = {2}
        states, _ = drive("bladerunner", lambda driver: driver.status(outlets), url=plane.url)
        assert plane.plant.commands == {"XStatusRequest": 1}
    # Nobody said anything of 61.
    assert states == {1: State.OFF, 2: State.ON, 60: State.OFF, 61: State.UNKNOWN}


def test_bladerunner_without_a_status_request_knows_nothing() -> None:
    async def work(driver: Driver) -> tuple[bool, State]:
        await driver.on(NODE_7)
        return driver.tells_state, await state(driver)

    with simulator() as plane:
        got, _ = drive("bladerunner", work, url=plane.url, status_command=None)
    assert got == (False, State.UNKNOWN)
    assert plane.plant.on == {7}


def test_bladerunner_sends_one_command_at_a_time_whoever_asks() -> None:
    async def work(driver: Driver) -> None:
        await asyncio.gather(*(driver.on(Outlet(number, "x")) for number in range(1, 21)))

    with simulator(slow=0.01) as plane:
        drive("bladerunner", work, url=plane.url)
    assert plane.plant.on == set(range(1, 21))
    assert plane.no_violations()


@pytest.mark.parametrize("seed", range(1, 4))
def test_bladerunner_keeps_to_the_protocol_whatever_goes_wrong(seed: int) -> None:
    async def work(driver: Driver) -> list[str]:
        wrong = []
        for number in range(1, 21):
            try:
                await driver.on(Outlet(number, f"node{number:02}"))
            except PowerError as error:
                wrong.append(error.message)
        return wrong

    with simulator(silent=0.1, wrong=0.2, drop=0.1, seed=seed) as plane:
        wrong, told = drive("bladerunner", work, url=plane.url, timeout=0.5)
    assert plane.no_violations()
    assert sum(plane.plant.faults.values()) > 3
    assert told or wrong  # nothing of it is passed over in silence


def test_bladerunner_tells_of_a_reply_that_does_not_fit() -> None:
    for seed in range(1, 50):
        with simulator(wrong=1.0, seed=seed) as plane:
            message = fault(
                "bladerunner", lambda driver: driver.on(NODE_7), url=plane.url, timeout=0.05
            ).message
        if plane.plant.faults["on"]:
            assert message == "asked for node 7 on, the reply says `on` false"
            return
    pytest.fail("no seed gives that fault")


def test_bladerunner_without_a_control_plane() -> None:
    error = fault("bladerunner", lambda driver: driver.on(NODE_7), url="ws://127.0.0.1:9")
    assert error.message == "no control plane at `ws://127.0.0.1:9`: connection refused"
    assert error.hint == "is the control plane's daemon running on the head?"


# The mains socket.


@pytest.fixture
def controller() -> Iterator[tuple[str, dict[str, Any]]]:
    """A Homematic controller, as far as the driver sees one: its URL, and the sockets' values."""
    values: dict[str, Any] = {"LEQ0000001:1": False}

    def get_value(channel: Any, key: Any) -> Any:
        assert key == "STATE"
        return values[channel]

    def set_value(channel: Any, key: Any, value: Any) -> str:
        assert key == "STATE"
        values[channel] = value
        return ""

    with SimpleXMLRPCServer(("127.0.0.1", 0), logRequests=False) as server:
        server.register_function(get_value, "getValue")
        server.register_function(set_value, "setValue")
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", values
        finally:
            server.shutdown()
            thread.join()


def test_homematic(controller: tuple[str, dict[str, Any]]) -> None:
    url, _ = controller
    assert drive("homematic", there_and_back, url=url, channel="LEQ0000001:1") == (OFF_ON_OFF, [])


def test_homematic_with_a_wrong_channel(controller: tuple[str, dict[str, Any]]) -> None:
    error = fault("homematic", lambda driver: driver.on(SOCKET), url=controller[0] + "/no", channel="LEQ:1")
    assert error.message.endswith(": HTTP 404 Not Found")
    error = fault("homematic", state, url=controller[0], channel="LEQ:1")
    assert error.message.startswith("the controller refused getValue of `LEQ:1`: ")
    assert error.hint == "is the channel right, and the port that of its kind of device?"


def test_homematic_says_what_is_no_state(controller: tuple[str, dict[str, Any]]) -> None:
    url, values = controller
    values["LEQ0000001:1"] = 0.5
    assert drive("homematic", state, url=url, channel="LEQ0000001:1")[0] is State.UNKNOWN


def test_homematic_without_a_controller() -> None:
    error = fault("homematic", state, url="http://127.0.0.1:9", channel="LEQ:1")
    assert error.message == "no Homematic controller at `http://127.0.0.1:9`: connection refused"


def test_homematic_does_not_wait_for_ever() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        error = fault("homematic", state, url=url, channel="LEQ:1", timeout=0.2)
    assert error.message == f"no Homematic controller at `{url}`: no answer in time"


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("<boolean>2</boolean>", "bad boolean value"),
        ("<int>x</int>", "invalid literal for int() with base 10: 'x'"),
        ("<else>1</else>", "responseerror(\"unknown tag 'else'\")"),
        ("<boolean>1", "mismatched tag: line 1, column 50"),
    ],
)
def test_homematic_with_garbage(value: str, why: str) -> None:
    body = f"<methodResponse><params><param><value>{value}</value></param></params></methodResponse>"
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: {len(body)}\r\n\r\n"
    with answering(f"{head}{body}".encode()) as url:
        error = fault("homematic", state, url=url, channel="LEQ:1")
    assert error.message == f"no Homematic controller at `{url}`: {why}"


@contextmanager
def answering(text: bytes) -> Iterator[str]:
    """A server that answers the first who asks so; its URL."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            with listening.accept()[0] as coming:
                coming.recv(1 << 16)
                coming.sendall(text)

        threading.Thread(target=answer, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


# powerman, with the device that it brings for its own tests.


@pytest.fixture(scope="module")
def powerman(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A powerman daemon with sixteen nodes on its virtual power controller."""
    folder = tmp_path_factory.mktemp("powerman")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    configuration = folder / "powerman.conf"
    configuration.write_text(
        f'include "/etc/powerman/vpc.dev"\nlisten "127.0.0.1:{port}"\n'
        f'device "vpc" "vpc" "{shutil.which("vpcd", path=PATH)} |&"\nnode "node[01-16]" "vpc"\n'
    )
    configuration.chmod(0o644)
    folder.chmod(0o755)
    daemon = shutil.which("powermand", path=PATH)
    assert daemon
    log = folder / "log"
    with log.open("wb") as sink:
        process = subprocess.Popen([daemon, "-f", "-c", configuration], stdout=sink, stderr=sink)
    try:
        yield _until_it_answers(f"127.0.0.1:{port}", log)
    finally:
        process.terminate()
        process.wait(10)


def _until_it_answers(server: str, log: Path) -> str:
    for _ in range(100):
        done = subprocess.run(["pm", "-h", server, "-q"], capture_output=True, text=True, check=False)
        if done.returncode == 0 and "node[01-16]" in done.stdout:
            return server
        time.sleep(0.1)
    pytest.fail(f"{done.stdout}{done.stderr}{log.read_text()}")


@needs_tool("pm", "powermand", "vpcd")
def test_powerman(powerman: str) -> None:
    assert drive("powerman", there_and_back, server=powerman) == (OFF_ON_OFF, [])


@needs_tool("pm", "powermand", "vpcd")
def test_powerman_with_names_of_its_own(powerman: str) -> None:
    outlets = [Outlet(number, "x") for number in (11, 12, 13)]

    async def work(driver: Driver) -> Any:
        await driver.on(outlets[1])
        return await driver.status(outlets)

    states, _ = drive("powerman", work, server=powerman, target="node{number}")
    assert states == {11: State.OFF, 12: State.ON, 13: State.OFF}


@needs_tool("pm", "powermand", "vpcd")
def test_powerman_with_a_node_that_it_does_not_know(powerman: str) -> None:
    error = fault("powerman", lambda driver: driver.on(Outlet(17, "node17")), server=powerman)
    assert error.message == "`pm --on node17` ended with 209"
    assert any("No such nodes: node17" in fact for fact in error.facts)


@needs_tool("pm")
def test_powerman_without_a_daemon() -> None:
    error = fault("powerman", state, server="127.0.0.1:9")
    assert error.message == "`pm --exprange --query node07` ended with 1"
    assert any("127.0.0.1:9" in fact for fact in error.facts)


def test_what_powerman_does_not_tell_is_unknown() -> None:
    said = "node01: on\nnode02: off\nnode03: unknown\nnode04: odd\nCommand completed successfully\n"
    assert answered(said) == {"node01": State.ON, "node02": State.OFF, "node03": State.UNKNOWN}


# Programs.


@pytest.fixture
def relays(tmp_path: Path) -> Callable[[str], Sequence[str]]:
    """Words that run a program which keeps each node's state in a file."""
    program = tmp_path / "relay"
    program.write_text(
        f"""#!/bin/sh
echo "$*" >> {tmp_path}/calls
case $1 in
    on) : > "{tmp_path}/$2" ;;
    off) rm -f "{tmp_path}/$2" ;;
    ask) [ -e "{tmp_path}/$2" ] ;;
    fail) echo "no such relay: $2" >&2; exit 4 ;;
    sleep) exec sleep 30 ;;
esac
"""
    )
    program.chmod(0o755)
    return lambda word: [str(program), word, "{name}", "{number}", "{mac}", "$(touch pwned); x"]


def test_command(relays: Callable[[str], Sequence[str]], tmp_path: Path) -> None:
    settings = {"on": relays("on"), "off": relays("off"), "status": relays("ask")}
    assert drive("command", there_and_back, **settings) == (OFF_ON_OFF, [])
    calls = (tmp_path / "calls").read_text().splitlines()
    # No shell has read the words.
    assert calls[1] == "on node07 7 b8:27:eb:00:00:07 $(touch pwned); x"
    assert not Path("pwned").exists()


def test_command_tells_what_a_program_said(relays: Callable[[str], Sequence[str]]) -> None:
    settings = {"on": relays("fail"), "off": relays("off"), "status": relays("fail")}
    error = fault("command", lambda driver: driver.on(NODE_7), **settings)
    assert error.message.endswith("relay` ended with 4 for `node07`")
    assert error.facts[1] == "| no such relay: node07"
    assert drive("command", state, **settings)[0] is State.UNKNOWN


def test_command_without_status(relays: Callable[[str], Sequence[str]]) -> None:
    settings = {"on": relays("on"), "off": relays("off")}
    assert drive("command", state, **settings)[0] is State.UNKNOWN


def test_command_that_does_not_end(relays: Callable[[str], Sequence[str]]) -> None:
    settings = {"on": relays("sleep"), "off": relays("off"), "timeout": 0.2}
    error = fault("command", lambda driver: driver.on(NODE_7), **settings)
    assert isinstance(error, TookTooLong)
    assert error.message == "`relay` did not end within 0.2 s"


def test_command_that_is_not_there() -> None:
    error = fault("command", lambda driver: driver.on(NODE_7), on=["no-such-relay"], off=["true"])
    assert isinstance(error, LackingError)
    assert error.message == "`no-such-relay` is not installed"


def test_command_that_wants_a_mac_that_is_not_known() -> None:
    nameless = Outlet(8, "node08")
    error = fault("command", lambda driver: driver.on(nameless), on=["wake", "{mac}"], off=["true"])
    assert error.message == "`node08` has no MAC address, which `{mac}` wants"
