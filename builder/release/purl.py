# SPDX-License-Identifier: Apache-2.0
"""Package URLs: how bills of materials and provenance name a Debian package or an image of a registry."""

from __future__ import annotations

from urllib.parse import quote

from builder.release.manifest import ContainerImage, Package


def purl(package: Package, distribution: str) -> str:
    """The package URL; a + is encoded everywhere, as the specification asks.

    `distribution` is purl's `distro`, such as `trixie`.
    """
    name, version = quote(package.name, safe=""), quote(package.version, safe="")
    return f"pkg:deb/debian/{name}@{version}?arch={package.architecture}&distro={quote(distribution)}"


def image_purl(image: ContainerImage) -> str:
    """The package URL of an image: its name there is the last part of its path, its version the digest."""
    place, _, tag = image.name.rpartition(":")
    digest = quote(f"sha256:{image.sha256}", safe="")
    arch = image.platform.split("/")[1]
    return (
        f"pkg:oci/{place.rpartition('/')[2]}@{digest}"
        f"?arch={arch}&repository_url={quote(place)}&tag={quote(tag, safe='')}"
    )
