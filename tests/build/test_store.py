# SPDX-License-Identifier: Apache-2.0
"""The store looked after for real: in the worker, on files of other ids, and without a network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from builder.build.staff import worker_for
from builder.build.workshop import Workshop, machine
from builder.host.identity import id_map
from builder.store.hold import shared
from builder.store.store import Store
from tests.alone import alone
from tests.build.small import HELPER, step, tools_deb
from tests.fixtures import ROOT, Site
from tests.needs import needs_tool

pytestmark = [pytest.mark.build, needs_tool("dpkg-deb", "unshare")]

FIRST, SECOND = "b" * 64, "c" * 64
# Where there is no network, a call to it would fail, which a program may pass over: so it ends here.
NO_CALL = """
import sys
def refuse(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"):
        raise SystemExit(f"calls the network: {event} {arguments}")
sys.addaudithook(refuse)
from builder.cli.main import entry
entry()
"""


def nodebake(*words: str, store: Path, offline: bool = False) -> subprocess.CompletedProcess[str]:
    """What `nodebake WORDS` does with this store."""
    if offline:
        call = alone([sys.executable, "-c", NO_CALL, *words])
    else:
        call = [sys.executable, "-m", "builder", *words]
    return subprocess.run(
        call,
        env={**os.environ, "PYTHONPATH": str(ROOT), "NODEBAKE_STORE": str(store)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store of three objects and a package file: a helper, and two steps with a file of another's."""
    ids = id_map()
    store = Store.open(tmp_path / "store", ids.root)
    digest = tools_deb(tmp_path / "tools", store.debs)
    with worker_for(machine(), Workshop(store, ids, machine(), 1), {"project": tmp_path}) as worker:
        worker.ask({"build": step("helper", HELPER, {"debs": [digest], "merged_usr": True})})
        for identity, name, below in ((FIRST, "one", []), (SECOND, "two", [FIRST])):
            effect = {
                "is": "WriteFile",
                "path": f"var/{name}",
                "content": {"is": "Inline", "data": {"is": "bytes", "base64": "YQ=="}},
                "mode": 0o600,
                "owner": "7",
                "group": "7",
            }
            worker.ask({"build": step("files", identity, {"effects": [effect]}, below, HELPER)})
    return store


def as_owner(store: Store, script: str) -> None:
    """Spoil an object the way only its owner can."""
    script = f"import os, pathlib, sys; o = pathlib.Path(sys.argv[1]); {script}"
    prefix = [] if os.geteuid() == 0 else ["unshare", "--user", "--map-auto", "--map-root-user"]
    subprocess.run([*prefix, sys.executable, "-c", script, store.root / "objects"], check=True)


def test_a_store_that_is_sound(store: Store) -> None:
    done = nodebake("store", "verify", store=store.root)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "3 objects and 1 .deb: all sound\n")


def test_what_is_corrupted_is_named_removed_and_made_again(store: Store) -> None:
    as_owner(store, f"(o / '{FIRST}/delta/var/one').write_bytes(b'b')")
    as_owner(store, f"(o / '{SECOND}/listing').unlink()")
    (deb,) = store.debs.iterdir()
    deb.write_bytes(b"x")
    done = nodebake("store", "verify", store=store.root)
    assert done.returncode == 1
    assert "object bbbbbbbbbbbb files  a files\n  changed: /var/one (mtime, sha256)\n" in done.stdout
    assert (
        "object cccccccccccc files  a files\n  its listing cannot be read: no such file or directory\n"
        in done.stdout
    )
    assert f"deb {deb.stem[:12]}\n  its content has changed\n" in done.stdout
    repaired = nodebake("store", "verify", "--repair", "--json", store=store.root)
    assert repaired.returncode == 0
    assert sorted(each["id"] for each in json.loads(repaired.stdout)["unsound"]) == sorted(
        [FIRST, SECOND, deb.stem]
    )
    assert [path.name for path in (store.root / "objects").iterdir()] == [HELPER]
    assert list(store.debs.iterdir()) == []
    assert nodebake("store", "verify", store=store.root).returncode == 0


def test_what_an_interrupted_build_left_is_no_fault(store: Store) -> None:
    as_owner(store, "(o.parent / 'tmp/dead/work/work').mkdir(parents=True, mode=0)")
    if os.geteuid() == 0:
        root = id_map().root
        for folder in (store.root / "tmp/dead", *(store.root / "tmp/dead").rglob("*")):
            os.chown(folder, root, root)
    (store.debs / "0.1.part").touch()
    done = nodebake("store", "verify", store=store.root)
    assert done.returncode == 0
    assert "1 interrupted build left something in tmp/: `--repair` removes it\n" in done.stderr
    assert nodebake("store", "verify", "--repair", store=store.root).returncode == 0
    assert list((store.root / "tmp").iterdir()) == []
    assert not (store.debs / "0.1.part").exists()


def test_gc_removes_what_no_recipe_uses(store: Store) -> None:
    store.plan("mine").write_text(json.dumps({"steps": {"files 0": {"id": FIRST}}}))
    tried = nodebake("store", "gc", "--dry-run", "--json", store=store.root)
    assert json.loads(tried.stdout)["objects"] == [SECOND]
    assert store.has(SECOND)
    done = nodebake("store", "gc", store=store.root)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("removed 1 object and 0 .debs, 12.3 kB\n")
    assert sorted(path.name for path in (store.root / "objects").iterdir()) == [HELPER, FIRST]


def test_gc_down_to_nothing_and_not_while_a_build_is_at_work(store: Store) -> None:
    with shared(store.root, lambda: None):
        done = nodebake("store", "gc", "--limit", "0", store=store.root)
    assert done.returncode == 5
    assert done.stderr.startswith(f"error: somebody is at work in the store `{store.root}`\n")
    assert store.has(SECOND)
    assert nodebake("store", "gc", "--limit", "0", store=store.root).returncode == 0
    assert [list((store.root / name).iterdir()) for name in ("objects", "debs", "tmp")] == [[], [], []]


@pytest.mark.archive
def test_a_build_with_everything_in_the_store_needs_no_network(site: Site, tmp_path: Path) -> None:
    image = Path(site.built("minimal")["image"])
    words = ["--project", str(site.root), "build", "minimal", "--output", str(tmp_path / "out")]
    done = nodebake(*words, store=_shared_store(), offline=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / image.name).read_bytes() == image.read_bytes()


@pytest.mark.archive
def test_a_bundle_takes_a_lock_to_a_store_without_a_network(site: Site, tmp_path: Path) -> None:
    site.built("minimal")
    bundle, other = tmp_path / "minimal.bundle.tar", tmp_path / "other"
    project = ["--project", str(site.root)]
    made = nodebake(*project, "store", "export", "minimal", str(bundle), store=_shared_store())
    assert (made.returncode, made.stdout) == (0, f"{bundle}\n"), made.stderr
    taken = nodebake("store", "import", str(bundle), "--json", store=other, offline=True)
    assert taken.returncode == 0, taken.stderr
    assert json.loads(taken.stdout)["packages"] == len(list((other / "debs").iterdir()))


def test_a_shell_sees_the_tree_and_leaves_it_as_it_was(site: Site) -> None:
    site.built("minimal")
    script = "cat /etc/os-release; dpkg --print-architecture; echo spoilt >/etc/os-release; exit 7"
    done = subprocess.run(
        [sys.executable, "-m", "builder", "--project", site.root, "shell", "minimal"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        input=f"{script}\n",
        capture_output=True,
        text=True,
        check=False,
    )
    assert "VERSION_CODENAME=trixie\n" in done.stdout
    assert done.stdout.endswith("arm64\n")
    assert (done.returncode, done.stderr.splitlines()[-1]) == (1, "error: the shell ended with 7")


def _shared_store() -> Path:
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("NODEBAKE_STORE") or cache / "nodebake")
