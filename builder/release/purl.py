# SPDX-License-Identifier: Apache-2.0
"""Package URLs: how bills of materials and provenance name a Debian package."""

from __future__ import annotations

from urllib.parse import quote

from builder.release.manifest import Package


def purl(package: Package, distribution: str) -> str:
    """The package URL; a + is encoded everywhere, as the specification asks.

    `distribution` is purl's `distro`, such as `trixie`.
    """
    name, version = quote(package.name, safe=""), quote(package.version, safe="")
    return f"pkg:deb/debian/{name}@{version}?arch={package.architecture}&distro={quote(distribution)}"
