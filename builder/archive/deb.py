# SPDX-License-Identifier: Apache-2.0
"""A .deb as the `ar` archive that it is: three members, the last of which is the package's files.

    !<arch>\\n
    debian-binary       2.0\\n
    control.tar.xz      what dpkg is to know
    data.tar.xz         the files; as `data.tar` they are not compressed

Each member has a header of 60 bytes, and starts at an even place.
"""

from __future__ import annotations

from typing import BinaryIO

from builder.errors import StepError

_MAGIC = b"!<arch>\n"
_HEADER = 60
_SIZE = slice(48, 58)


def start_stored(source: BinaryIO, stored: BinaryIO) -> None:
    """Write `source` up to its files, and the header of a data.tar that is to be appended.

    Raises StepError when `source` is no .deb.
    """
    if source.read(len(_MAGIC)) != _MAGIC:
        raise StepError("a package file is no .deb: it does not start like one")
    stored.write(_MAGIC)
    while header := source.read(_HEADER):
        if header.startswith(b"data.tar"):
            stored.write(_header(0))
            return
        try:
            size = int(header[_SIZE])
        except ValueError as error:
            raise StepError("a package file is no .deb: it has a member without a size") from error
        stored.write(header + source.read(size + size % 2))
    raise StepError("a package file is no .deb: it has no files")


def finish_stored(stored: BinaryIO, start: int) -> None:
    """Say in the last header, which ends at `start`, how much was appended since."""
    size = stored.seek(0, 2) - start
    stored.write(b"\n" * (size % 2))
    stored.seek(start - _HEADER)
    stored.write(_header(size))


def _header(size: int) -> bytes:
    return b"%-16s%-12d%-6d%-6d%-8s%-10d`\n" % (b"data.tar", 0, 0, 0, b"100644", size)
