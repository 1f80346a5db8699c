# SPDX-License-Identifier: Apache-2.0
"""`nodebake run`: sixteen real ssh servers, of which some hang, refuse, are slow, or are somebody else."""

from __future__ import annotations

import io
import json
import time

import pytest

from tests.needs import needs_tool
from tests.tools.fleet.conftest import Site
from tests.tools.power.sshd import server

HEAD = "127.0.3.250"
pytestmark = [pytest.mark.tools, needs_tool("sshd", "ssh-keygen")]


def test_equal_outputs_are_told_once(site: Site) -> None:
    said = site.call("run", "1-12", "--", "echo well; echo odd >&2")
    assert (said.code, said.out) == (0, "--- node[01-12] (12 of 12)\nwell\n! odd\n"), said.err
    said = site.call("run", "1-2", "--", "set -- $SSH_CONNECTION; echo $3")
    assert said.out == "--- node01 (1 of 2)\n127.0.3.1\n--- node02 (1 of 2)\n127.0.3.2\n"
    assert site.call("run", "1", "--each", "--", "echo", "a", "b").out == "--- node01\na b\n"


def test_each_node_that_fails_is_told_with_its_reason(site: Site) -> None:
    began = time.monotonic()
    said = site.call("run", "@all", "--timeout", "20", "--", "echo", "well")
    assert said.code == 1
    assert said.out.startswith("--- node[01-12,16] (13 of 17)\nwell\n")
    hosts = site.root / "known_hosts"
    assert said.err.splitlines()[:5] == [
        "error: 4 of 17 nodes failed",
        "  node13: no ssh: connection refused",
        f"  node14: the host key of `node14` at 127.0.3.14 is not the one in `{hosts}`",
        "  node15: no ssh: no answer in time",
        f"  node17: no host key of `node17` is known: `{hosts}` has none",
    ]
    assert "hint: " in said.err
    # The one that hangs holds up nobody for longer than a login may take.
    assert time.monotonic() - began < 15


def test_exit_codes_and_time_limits(site: Site) -> None:
    command = "set -- $SSH_CONNECTION; echo begun; case $3 in *.1) exit 3 ;; *.2) sleep 60 ;; esac"
    said = site.call("run", "1-3", "--timeout", "1", "--", command)
    assert said.code == 1
    assert said.out == (
        "--- node01 (1 of 3): exit code 3\nbegun\n--- node02 (1 of 3): not done after 1 s\nbegun\n"
        "--- node03 (1 of 3)\nbegun\n"
    )
    assert said.err == ("error: 2 of 3 nodes failed\n  node01: exit code 3\n  node02: not done after 1 s\n")
    said = site.call("run", "1", "--", "kill -9 $$")
    assert (said.code, "node01: ended by signal KILL" in said.err) == (1, True)


def test_as_json(site: Site) -> None:
    said = site.call("run", "1,13", "--json", "--", "echo", "well")
    assert said.code == 1
    first, second = json.loads(said.out)
    assert {key: first[key] for key in ("node", "exit", "why", "stdout", "stderr")} == {
        "node": "node01",
        "exit": 0,
        "why": "",
        "stdout": "well\n",
        "stderr": "",
    }
    assert (second["exit"], second["why"]) == (None, "no ssh: connection refused")


def test_a_script_from_stdin(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("for n in 1 2; do\n echo $n\ndone\n"))
    assert site.call("run", "1-2", "--", "-").out == "--- node[01-02] (2 of 2)\n1\n2\n"


def test_what_is_wrong_with_the_words(site: Site) -> None:
    said = site.call("run", "@all")
    assert (said.code, said.err.splitlines()) == (
        2,
        ["error: `run` wants a command", "hint: nodebake run @barA -- uptime"],
    )
    assert "there is no node `99`" in site.call("run", "99", "--", "true").err
    (site.root / "known_hosts").unlink()
    said = site.call("run", "1", "--", "true")
    assert f"the file of host keys, `{site.root}/known_hosts`, is not there" in said.err
    assert "hint: `nodebake publish` writes it" in said.err


@pytest.mark.parametrize("how", ["option", "network"])
def test_by_way_of_the_head(site: Site, how: str) -> None:
    """And it ends where there is no head."""
    with (site.root / "known_hosts").open("a") as hosts, server(site.keys, HEAD, site.port) as head:
        hosts.write(head.known_as("sevastopol"))
        hosts.flush()
        site.write(range(1, 18), network=", via: head" if how == "network" else "")
        words = ["--jump"] if how == "option" else []
        said = site.call("run", "1-2,13", *words, "--", "echo", "well")
        assert (said.code, said.out.splitlines()[:2]) == (1, ["--- node[01-02] (2 of 3)", "well"]), said.err
        assert "node13: no ssh: from the head: connect" in said.err
        # One login for all of them.
        assert (site.keys.folder / f"log-{HEAD}").read_text().count("Accepted publickey") == 1
    said = site.call("run", "1-2", *words, "--", "echo", "well")
    assert said.code == 1
    assert "node[01-02]: the head `sevastopol` cannot be reached: connection refused" in said.err
