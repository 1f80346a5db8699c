# SPDX-License-Identifier: Apache-2.0
"""The machine's apt on a private root: signed indexes in, exact packages out.

Nothing of the machine's own lists, preferences, options or keys is used. The Release files are
verified by apt against the archive's keyring and nothing else.
"""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

from builder.archive.hosts import Mirror
from builder.errors import LackingError, Problems, RecipeError
from builder.host.process import CommandFailed, Finished, run
from builder.lock.lock import ArchiveState, Locked

Suites = Sequence[tuple[str, str, tuple[str, ...]]]


class PrivateApt:
    """apt on `root`, a folder of ours, for some suites and architectures."""

    def __init__(
        self,
        root: Path,
        suites: Suites,
        mirrors: Mapping[str, Mirror],
        architectures: Sequence[str],
    ) -> None:
        self._root = root
        self._suites = suites
        self._mirrors = mirrors
        for folder in (
            "lists/partial",
            "cache/archives/partial",
            "etc/apt.conf.d",
            "etc/preferences.d",
            "log",
        ):
            (root / folder).mkdir(parents=True, exist_ok=True)
        self._keyrings = {word: _keyring(mirror, root) for word, mirror in mirrors.items()}
        (root / "status").touch()
        (root / "etc/sources.list").write_text("".join(f"{line}\n" for line in self._sources()))
        # One update fetches for all architectures; which of them a question is about, it says itself.
        self._all = tuple(architectures)

    def update(self) -> tuple[ArchiveState, ...]:
        """Fetch and verify the indexes. Raises LackingError when an archive is down or not trusted."""
        for word, keyring in self._keyrings.items():
            if not keyring.is_file():
                raise LackingError(
                    f"the keyring of archive `{word}` is missing",
                    facts=[f"expected at {keyring}"],
                    hint="sudo apt-get install debian-archive-keyring",
                )
        done = self._apt(self._all, "apt-get", "update", "-q", "--error-on=any", check=False)
        if done.code:
            raise _update_error(done.stderr.decode(errors="replace"), self._mirrors)
        return tuple(self._state(*suite) for suite in self._suites)

    def resolve(
        self, architecture: str, names: Sequence[str], foreign: Sequence[str] = ()
    ) -> tuple[Locked, ...]:
        """Every package that `names` amount to with their dependencies, sorted by name.

        `name:architecture` is one of a `foreign` architecture.

        Raises RecipeError naming each package that is unknown, with near names, or the conflict.
        """
        both = (architecture, *foreign)
        try:
            done = self._apt(both, "apt-get", "install", "--print-uris", "-qq", "-y", "--no-remove", *names)
        except CommandFailed as error:
            raise self._resolve_error(both, names, error) from error
        uris = re.findall(r"^'(\S+)' (\S+) \d+", done.stdout.decode(), re.MULTILINE)
        wanted = dict(self._wanted(uri) for uri, _ in uris)
        queries = [_query(file) for _, file in uris]
        shown = self._apt(both, "apt-cache", "show", "--no-all-versions", *queries)
        locked: dict[tuple[str, str], Locked] = {}
        for stanza in _stanzas(shown.stdout.decode()):
            archive = wanted.get(stanza["Filename"])
            if archive:
                locked[stanza["Package"], stanza["Architecture"]] = _locked(stanza, archive)
        missing = {path for path in wanted if path not in {p.path for p in locked.values()}}
        if missing:
            raise LackingError("apt names packages that its index does not show", facts=sorted(missing))
        return tuple(locked[key] for key in sorted(locked))

    def essential(self, architecture: str, choices: Sequence[str] = ()) -> set[str]:
        """Names of the packages that dpkg needs in place, and what they depend on, with `choices`."""
        # apt takes itself for essential too; to dpkg it is a package like any other.
        selected = "?and(?essential,?not(?exact-name(apt)))"
        argv = ("apt-get", "install", "--print-uris", "-qq", "-y", selected, *choices)
        done = self._apt([architecture], *argv)
        return {
            file.partition("_")[0]
            for file in re.findall(r"^'\S+' (\S+) ", done.stdout.decode(), re.MULTILINE)
        }

    def _config(self, architectures: Sequence[str]) -> Path:
        """apt's settings for a machine of the first of them, with the others for foreign ones."""
        path = self._root / f"apt-{'-'.join(architectures)}.conf"
        path.write_text(_config(self._root, architectures))
        return path

    def _sources(self) -> Iterable[str]:
        for archive, suite, components in self._suites:
            mirror = self._mirrors[archive]
            yield f"deb [signed-by={self._keyrings[archive]}] {mirror.uri} {suite} {' '.join(components)}"

    def _apt(self, architectures: Sequence[str], *argv: str, check: bool = True) -> Finished:
        return run(argv, env={"APT_CONFIG": str(self._config(architectures))}, check=check)

    def _state(self, archive: str, suite: str, components: tuple[str, ...]) -> ArchiveState:
        path = self._root / "lists" / list_name(f"{self._mirrors[archive].uri}/dists/{suite}/InRelease")
        text = path.read_bytes()
        match = re.search(rb"^Date: (.*)$", text, re.MULTILINE)
        if not match:
            raise LackingError(f"the Release file of `{archive}` `{suite}` has no date")
        date = int(parsedate_to_datetime(match[1].decode()).timestamp())
        return ArchiveState(archive, suite, components, date, hashlib.sha256(text).hexdigest())

    def _wanted(self, uri: str) -> tuple[str, str]:
        """A package's path below its archive, and the archive's word."""
        for mirror in sorted(self._mirrors.values(), key=lambda m: -len(m.uri)):
            if uri.startswith(f"{mirror.uri}/"):
                return unquote(uri.removeprefix(f"{mirror.uri}/")), mirror.archive
        raise LackingError(f"apt names an archive that was not asked for: {uri}")

    def _resolve_error(
        self, architectures: Sequence[str], names: Sequence[str], error: CommandFailed
    ) -> RecipeError | Problems:
        said = "\n".join(error.facts)
        unknown = re.findall(r"Unable to locate package (\S+)", said)
        unknown += re.findall(r"Package '(\S+)' has no installation candidate", said)
        if not unknown:
            return RecipeError(
                "the packages cannot be installed together", facts=self._unmet(architectures, names)
            )
        known = self._apt(architectures, "apt-cache", "pkgnames").stdout.decode().split()
        return Problems(_unknown(name, known) for name in unknown)

    def _unmet(self, architectures: Sequence[str], names: Sequence[str]) -> list[str]:
        """What is in the way, in apt's words, which it has only when it is less quiet."""
        done = self._apt(
            architectures, "apt-get", "install", "--simulate", "-q", "-y", "--no-remove", *names, check=False
        )
        said = done.stdout.decode(errors="replace").partition("unmet dependencies:\n")[2]
        lines = [*said.splitlines(), *done.stderr.decode(errors="replace").splitlines()]
        return [line.strip() for line in lines if line.strip()][:12]


def _keyring(mirror: Mirror, root: Path) -> Path:
    """The file with the archive's key; a key that the site gave is written to one."""
    if not mirror.key:
        return mirror.keyring
    path = root / "etc" / f"{mirror.archive}.gpg"
    path.write_bytes(mirror.key)
    return path


def list_name(uri: str) -> str:
    """The name that apt gives what it fetched from `uri` (URItoFileName in apt-pkg/contrib/strutl.cc)."""
    parts = urlsplit(uri)
    text = parts.netloc.rpartition("@")[2] + parts.path
    quoted = re.sub(r"[^ -~]|[\\|{}\[\]<>\"^~_=!@#$%&* ]", lambda found: f"%{ord(found[0]):02x}", text)
    return quoted.replace("/", "_")


def _unknown(name: str, names: Sequence[str]) -> RecipeError:
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.75)
    hint = f"did you mean {', '.join(f'`{n}`' for n in near)}?" if near else None
    return RecipeError(f"unknown package `{name}`", facts=["no archive of this base has it"], hint=hint)


def _config(root: Path, architectures: Sequence[str]) -> str:
    listed = " ".join(f'"{a}";' for a in architectures)
    return f'''Dir "{root}/";
Dir::State "{root}";
Dir::State::lists "{root}/lists";
Dir::State::status "{root}/status";
Dir::Cache "{root}/cache";
Dir::Etc "{root}/etc";
Dir::Log "{root}/log";
Dir::Etc::netrc "/etc/apt/auth.conf";
Dir::Etc::netrcparts "/etc/apt/auth.conf.d";
Dir::Etc::Trusted "/dev/null";
Dir::Etc::TrustedParts "/dev/null";
APT::Architecture "{architectures[0]}";
APT::Architectures {{ {listed} }};
APT::Install-Recommends "false";
APT::Get::AllowUnauthenticated "false";
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::ForceHash "SHA256";
{_proxy()}'''


def _proxy() -> str:
    """The machine's proxy settings for apt, and nothing else of its options."""
    dumped = run(
        ["apt-config", "dump", "--format", "%F %v%n", "Acquire::http::Proxy", "Acquire::https::Proxy"]
    )
    rows = (line.split(" ", 1) for line in dumped.stdout.decode().splitlines() if " " in line)
    return "".join(f'{name} "{value}";\n' for name, value in rows if value.strip())


_NEWER_KEY = "update debian-archive-keyring on this machine, or the key that site.yaml names"
# What apt says when it is gpgv that verifies, and when it is sqv; the first that is found is told.
_UPDATE_ERRORS = (
    (
        ("No space left on device",),
        "the store's disk is full",
        "free some space, or go elsewhere: NODEBAKE_STORE=DIR",
    ),
    (
        ("EXPKEYSIG", "is not live"),
        "the key that signed an archive has expired",
        _NEWER_KEY,
    ),
    (
        ("NO_PUBKEY", "Missing key"),
        "an archive is signed with a key that its keyring does not hold",
        _NEWER_KEY,
    ),
    (("BADSIG", "Bad signature"), "an archive's signature is bad", None),
    (
        ("expired",),
        "the signature or Release file of an archive has expired",
        f"check this machine's clock, or {_NEWER_KEY}",
    ),
    (("not signed",), "an archive is not signed", None),
    (
        ("Hash Sum mismatch", "unexpected size"),
        "an archive's index is not the one that its Release file names",
        "the archive is being updated, or something on the way changes it; try again",
    ),
)


def _update_error(said: str, mirrors: Mapping[str, Mirror]) -> LackingError:
    facts = [line for line in said.splitlines() if line.startswith(("E:", "W:"))][:6]
    for marks, message, hint in _UPDATE_ERRORS:
        if any(mark in said for mark in marks):
            return LackingError(message, facts=facts, hint=hint)
    uris = ", ".join(sorted(m.uri for m in mirrors.values()))
    return LackingError(
        "an archive cannot be reached",
        facts=[*facts, f"archives: {uris}"],
        hint="check the network, or name another host under `archives:` in site.yaml",
    )


def _query(file: str) -> str:
    """`name:arch=version` of a .deb's file name as apt spells it."""
    name, version, architecture = file.removesuffix(".deb").split("_")
    kind = "" if architecture == "all" else f":{architecture}"
    return f"{name}{kind}={unquote(version)}"


def _stanzas(text: str) -> Iterable[dict[str, str]]:
    for block in text.split("\n\n"):
        pairs = (line.split(": ", 1) for line in block.splitlines() if ": " in line and line[0] != " ")
        stanza = dict(pairs)
        if stanza:
            yield stanza


def _locked(stanza: Mapping[str, str], archive: str) -> Locked:
    return Locked(
        name=stanza["Package"],
        version=stanza["Version"],
        architecture=stanza["Architecture"],
        sha256=stanza["SHA256"],
        size=int(stanza["Size"]),
        installed=int(stanza.get("Installed-Size", "0")),
        archive=archive,
        path=stanza["Filename"],
        section=stanza.get("Section", ""),
        source=stanza.get("Source", ""),
        essential=stanza.get("Essential") == "yes",
    )
