# SPDX-License-Identifier: Apache-2.0
"""The bill of materials, SPDX 2.3 as JSON: the release, and every Debian package in it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from builder.release.manifest import Manifest, Package
from builder.release.purl import purl

_ROOT = "SPDXRef-Release"
_NAMESPACE = "https://spdx.org/spdxdocs"


def sbom(manifest: Manifest, *, distribution: str, tool: str) -> str:
    """The document's text. `distribution` is purl's `distro` (`trixie`), `tool` the builder's name-version.

    The namespace must be unique to the document; the version, which hashes the plan, makes it so.
    """
    name = f"{manifest.recipe}-{manifest.version}"
    packages = [_package(package, distribution) for package in manifest.packages]
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
        "SPDXID": _ROOT,
        "name": manifest.recipe,
        "versionInfo": manifest.version,
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "licenseConcluded": "NOASSERTION",
        "licenseDeclared": "NOASSERTION",
        "copyrightText": "NOASSERTION",
        "supplier": "NOASSERTION",
        "primaryPackagePurpose": "OPERATING-SYSTEM",
    }


def _package(package: Package, distribution: str) -> dict[str, Any]:
    return {
        "SPDXID": f"SPDXRef-Package-{package.name.replace('+', '..')}-{package.architecture}",
        "name": package.name,
        "versionInfo": package.version,
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": False,
        "licenseConcluded": "NOASSERTION",
        "licenseDeclared": "NOASSERTION",
        "copyrightText": "NOASSERTION",
        "supplier": "NOASSERTION",
        "sourceInfo": f"built from source package {package.source or package.name}",
        "checksums": [{"algorithm": "SHA256", "checksumValue": package.sha256}],
        "externalRefs": [
            {
                "referenceCategory": "PACKAGE-MANAGER",
                "referenceType": "purl",
                "referenceLocator": purl(package, distribution),
            }
        ],
    }


def _relation(subject: str, kind: str, other: str) -> dict[str, str]:
    return {"spdxElementId": subject, "relationshipType": kind, "relatedSpdxElement": other}


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
