# SPDX-License-Identifier: Apache-2.0
"""The bill of materials, SPDX 2.3 as JSON: the release, every Debian package and every docker image in it."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from builder.release.manifest import ContainerImage, Manifest, Package
from builder.release.purl import image_purl, purl

_ROOT = "SPDXRef-Release"
_NAMESPACE = "https://spdx.org/spdxdocs"


def sbom(manifest: Manifest, *, distribution: str, tool: str) -> str:
    """The document's text. `distribution` is purl's `distro` (`trixie`), `tool` the builder's name-version.

    The namespace must be unique to the document; the version, which hashes the plan, makes it so.
    """
    name = f"{manifest.recipe}-{manifest.version}"
    packages = [_package(package, distribution) for package in manifest.packages]
    packages += [_image(image) for image in manifest.images]
    document = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": name,
        "documentNamespace": f"{_NAMESPACE}/{quote(name, safe='')}-{manifest.lock[:16]}",
        "creationInfo": {"created": _time(manifest.epoch), "creators": [f"Tool: {tool}"]},
        "packages": [_release(manifest), *packages],
        "relationships": [
            _relation("SPDXRef-DOCUMENT", "DESCRIBES", _ROOT),
            *(_relation(_ROOT, "CONTAINS", package["SPDXID"]) for package in packages),
        ],
    }
    return json.dumps(document, indent=1, sort_keys=True) + "\n"


def _release(manifest: Manifest) -> dict[str, Any]:
    return {
        **_thing(_ROOT, manifest.recipe, manifest.version),
        "primaryPackagePurpose": "OPERATING-SYSTEM",
    }


def _package(package: Package, distribution: str) -> dict[str, Any]:
    identity = f"SPDXRef-Package-{package.name.replace('+', '..')}-{package.architecture}"
    return {
        **_thing(identity, package.name, package.version),
        "sourceInfo": f"built from source package {package.source or package.name}",
        **_known_by(package.sha256, purl(package, distribution)),
    }


def _image(image: ContainerImage) -> dict[str, Any]:
    name, _, tag = image.name.rpartition(":")
    # Two tags may name the same image.
    identity = f"SPDXRef-Image-{image.sha256[:12]}-{re.sub('[^A-Za-z0-9.]', '-', image.name)}"
    return {
        **_thing(identity, name, tag),
        "primaryPackagePurpose": "CONTAINER",
        **_known_by(image.sha256, image_purl(image)),
    }


def _thing(identity: str, name: str, version: str) -> dict[str, Any]:
    """What all have; of what nobody has looked into, SPDX wants to be told so."""
    return {
        "SPDXID": identity,
        "name": name,
        "versionInfo": version,
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "licenseConcluded": "NOASSERTION",
        "licenseDeclared": "NOASSERTION",
        "copyrightText": "NOASSERTION",
        "supplier": "NOASSERTION",
    }


def _known_by(sha256: str, locator: str) -> dict[str, Any]:
    return {
        "checksums": [{"algorithm": "SHA256", "checksumValue": sha256}],
        "externalRefs": [
            {
                "referenceCategory": "PACKAGE-MANAGER",
                "referenceType": "purl",
                "referenceLocator": locator,
            }
        ],
    }


def _relation(subject: str, kind: str, other: str) -> dict[str, str]:
    return {"spdxElementId": subject, "relationshipType": kind, "relatedSpdxElement": other}


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
