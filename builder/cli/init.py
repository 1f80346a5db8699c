# SPDX-License-Identifier: Apache-2.0
"""`nodebake init`: site.yaml, with a way to log in.

Keys come from --key, else from ~/.ssh, else a new pair is made under keys/, which git ignores.
"""

from __future__ import annotations

import contextlib
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from builder.cli.project import Project, project_of
from builder.errors import Exit, Place, RecipeError, RefusedError
from builder.host.process import run as run_program
from builder.recipe.ssh_key import KeyFault, public_key
from builder.report.report import Report


def run(arguments: Namespace, report: Report) -> Exit:
    project = project_of(arguments)
    if not project.site.exists():
        keys = public_keys(project, arguments.key, Path.home(), report)
        write_site(project.site, keys)
    elif not arguments.keep:
        raise RefusedError(
            f"`{project.site}` is there already", hint="edit it, or move it away and run init again"
        )
    report.data(str(project.site))
    return Exit.DONE


def public_keys(project: Project, named: Sequence[Path], home: Path, report: Report) -> tuple[str, ...]:
    """The keys that may log in, one line each, in a fixed order and without doubles."""
    if named:
        keys = [key for path in named for key in _named_keys(path.expanduser())]
    else:
        keys = [key for path in sorted((home / ".ssh").glob("*.pub")) for key in _keys_in(path)]
        keys = keys or _named_keys(new_pair(project, report))
    return tuple(dict.fromkeys(keys))


def new_pair(project: Project, report: Report) -> Path:
    """The operator's key pair under keys/, made when it is not there. Returns the public half."""
    private = project.root / "keys" / "operator"
    public = private.with_name("operator.pub")
    private.parent.mkdir(mode=0o700, exist_ok=True)
    if not private.exists():
        run_program(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "nodebake operator", "-f", str(private)]
        )
        private.chmod(0o600)
        report.say(f"made a key pair for you: `{private}` opens the nodes (ssh -i), keep it to yourself")
    elif not public.exists():
        raise RecipeError(f"`{private}` has no public half", hint=f"ssh-keygen -y -f {private} > {public}")
    else:
        report.say(f"the key pair `{private}` opens the nodes")
    return public


def write_site(path: Path, keys: Sequence[str]) -> None:
    """Write the site file whole or not at all; never over one that is there."""
    from builder.recipe.site_template import site_template

    text = site_template(keys)
    try:
        # It may come to hold names of networks and references to secrets: not for everyone.
        path.touch(mode=0o600, exist_ok=False)
    except FileExistsError as error:
        raise RefusedError(f"`{path}` is there already", hint="edit it, or move it away") from error
    try:
        path.write_text(text, encoding="utf-8")
    except OSError:
        path.unlink()
        raise


def _named_keys(path: Path) -> list[str]:
    """The keys of a file that must hold some; the first thing that is wrong with it is an error."""
    keys = []
    for number, line in _lines(path):
        try:
            keys.append(public_key(line))
        except KeyFault as fault:
            raise fault.error(Place(str(path), number, 1, line)) from None
    if not keys:
        raise RecipeError(f"`{path}` holds no public key", hint="name the file that ends in .pub")
    return keys


def _keys_in(path: Path) -> list[str]:
    """The keys of a file that happens to be there; what is no key, such as a certificate, is passed over."""
    keys = []
    for _, line in _lines(path):
        with contextlib.suppress(KeyFault):
            keys.append(public_key(line))
    return keys


def _lines(path: Path) -> list[tuple[int, str]]:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        hint = "name your public key, as `--key ~/.ssh/NAME.pub`"
        raise RecipeError(f"there is no file `{path}`", hint=hint) from error
    except UnicodeDecodeError as error:
        raise RecipeError(f"`{path}` is not a text", hint="name the file that ends in .pub") from error
    lines = enumerate(text.splitlines(), 1)
    return [(number, line) for number, line in lines if line.strip() and not line.startswith("#")]
