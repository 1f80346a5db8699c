# SPDX-License-Identifier: Apache-2.0
"""Who may sign releases: `release_signers` and `revoked_signers` beside site.yaml, for `ssh-keygen -Y`.

The private keys lie under keys/, which git ignores; the two lists are the site's, to be committed, and who
sets up the head puts them into its /etc/nodebake. A key that is rotated out stays good for some days, so that
what it signed can still be published.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from builder.errors import RecipeError, RefusedError
from builder.head.ground.layout import checked_name
from builder.head.release.signature import NAMESPACE
from builder.host.files import replace_text
from builder.host.process import run

OVERLAP = 30
"""Days that a key is still good after it was rotated out."""
LONGEST_OVERLAP = 3650
_BEGUN = timedelta(days=1)
"""A key is good from the day before it was made: heads and nodes that still have that day, for they go by
UTC or a zone of their own, are given releases at once."""
_LINE = re.compile(r"(?P<name>\S+) (?P<options>\S+) (?P<key>ssh-\S+ \S+)")


@dataclass(frozen=True)
class Signer:
    """One line of `release_signers`. Dates are days, in the time of who reads it; `key` is type and key."""

    name: str
    key: str
    after: date | None = None
    before: date | None = None

    def line(self) -> str:
        options = f'namespaces="{NAMESPACE}"'
        for word, day in (("valid-after", self.after), ("valid-before", self.before)):
            options += f',{word}="{day:%Y%m%d}"' if day else ""
        return f"{self.name} {options} {self.key}\n"

    def state(self, today: date) -> str:
        """Whether it is good, in words."""
        if self.good(today):
            return f"good until {self.before}" if self.before else "good"
        return (
            f"over since {self.before}" if self.before and self.before <= today else f"good from {self.after}"
        )

    def good(self, today: date) -> bool:
        return (self.after is None or self.after <= today) and (self.before is None or today < self.before)


@dataclass(frozen=True)
class Ring:
    """The keys of a project by its root."""

    root: Path

    @property
    def signers_file(self) -> Path:
        return self.root / "release_signers"

    @property
    def revoked_file(self) -> Path:
        return self.root / "revoked_signers"

    def private(self, name: str) -> Path:
        return self.root / "keys" / f"release-{name}"

    def signers(self) -> tuple[Signer, ...]:
        """All lines. Raises RecipeError for one that this does not write."""
        if not self.signers_file.exists():
            return ()
        found = []
        for number, line in enumerate(self.signers_file.read_text(encoding="utf-8").splitlines(), 1):
            if line.strip() and not line.startswith("#"):
                found.append(_parse(line, self.signers_file, number))
        return tuple(found)

    def revoked(self) -> tuple[str, ...]:
        """The keys that are no longer good whatever they signed."""
        if not self.revoked_file.exists():
            return ()
        return tuple(
            _key(line) for line in self.revoked_file.read_text(encoding="utf-8").splitlines() if line
        )

    def usable(self, today: date) -> Path | None:
        """The private key to sign with: the one made last that is good and is here."""
        revoked = self.revoked()
        for signer in reversed(self.signers()):
            private = self.private(signer.name)
            public = private.with_name(f"{private.name}.pub")
            good = signer.good(today) and signer.key not in revoked and private.exists() and public.exists()
            if good and _key(public.read_text(encoding="utf-8")) == signer.key:
                return private
        return None

    def new(self, name: str, today: date) -> Signer:
        """Make a key pair and trust it. Raises RefusedError when the name has one."""
        checked_name(name, "key")
        if self.private(name).exists() or any(each.name == name for each in self.signers()):
            raise RefusedError(
                f"there is a key `{name}` already", hint="`nodebake key rotate` makes one in its place"
            )
        signer = Signer(name, self._make(name), after=today - _BEGUN)
        self._write((*self.signers(), signer))
        return signer

    def rotate(self, today: date, overlap: int = OVERLAP) -> tuple[Signer, Signer]:
        """A new key in place of the present one, which stays good for `overlap` days: (former, new).

        Raises RecipeError without a present one, and for an overlap that is none.
        """
        # A key made today would end before it begins, and ssh-keygen takes no such line.
        if not 1 <= overlap <= LONGEST_OVERLAP:
            raise RecipeError(
                f"`--overlap {overlap}`: the present key stays good for 1 to {LONGEST_OVERLAP} days",
                hint="`nodebake key revoke NAME` ends it at once, after the rotation",
            )
        present = [each for each in self.signers() if each.good(today) and each.key not in self.revoked()]
        if not present:
            raise RecipeError("there is no key to rotate", hint="`nodebake key new` makes one")
        former = present[-1]
        stem = former.name.partition("-")[0]
        number = 2
        while any(each.name == f"{stem}-{number}" for each in self.signers()):
            number += 1
        signer = Signer(f"{stem}-{number}", self._make(f"{stem}-{number}"), after=today - _BEGUN)
        ends = Signer(former.name, former.key, former.after, today + timedelta(days=overlap))
        self._write((*(ends if each == former else each for each in self.signers()), signer))
        return ends, signer

    def revoke(self, name: str) -> Signer:
        """Trust nothing that this key signed, ever. Raises RecipeError for an unknown one."""
        found = [each for each in self.signers() if each.name == name]
        if not found:
            names = ", ".join(each.name for each in self.signers()) or "none"
            raise RecipeError(f"there is no key `{name}`", hint=f"the keys are: {names}")
        if found[0].key not in self.revoked():
            text = "".join(f"{key}\n" for key in (*self.revoked(), found[0].key))
            replace_text(self.revoked_file, text)
        return found[0]

    def _make(self, name: str) -> str:
        private = self.private(name)
        private.parent.mkdir(mode=0o700, exist_ok=True)
        comment = f"nodebake releases, {name}"
        run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(private)])
        private.chmod(0o600)
        return _key(private.with_name(f"{private.name}.pub").read_text(encoding="utf-8"))

    def _write(self, signers: tuple[Signer, ...]) -> None:
        replace_text(self.signers_file, "".join(each.line() for each in signers))


def sign(manifest: Path, private: Path) -> Path:
    """Sign a manifest; the signature's file, beside it."""
    signature = manifest.with_name(f"{manifest.name}.sig")
    signature.unlink(missing_ok=True)
    run(["ssh-keygen", "-q", "-Y", "sign", "-f", str(private), "-n", NAMESPACE, str(manifest)])
    return signature


def _parse(line: str, file: Path, number: int) -> Signer:
    found = _LINE.match(line)
    options = dict(re.findall(r'([a-z-]+)="([^"]*)"', found["options"])) if found else {}
    if not found or options.get("namespaces") != NAMESPACE:
        raise RecipeError(
            f"line {number} of `{file.name}` is not one that nodebake writes",
            facts=[line],
            hint=f'NAME namespaces="{NAMESPACE}" ssh-ed25519 KEY',
        )
    return Signer(
        found["name"], found["key"], _day(options.get("valid-after")), _day(options.get("valid-before"))
    )


def _day(word: str | None) -> date | None:
    return date(int(word[:4]), int(word[4:6]), int(word[6:8])) if word else None


def _key(line: str) -> str:
    return " ".join(line.split()[:2])
