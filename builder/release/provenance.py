# SPDX-License-Identifier: Apache-2.0
"""Where a release comes from: an in-toto Statement, version 1, with the SLSA provenance predicate, version 1.

Nobody has signed it. It holds no time at all, neither when the build ran nor where: whoever builds the
same lock again gets the same statement, and can compare it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from builder.release.manifest import Archive, Manifest, Package
from builder.release.purl import image_purl, purl

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://slsa.dev/provenance/v1"
# docs/reference/formats.md says what they mean; raise the number when the parameters change.
BUILD_TYPE = "urn:nodebake:build:1"
BUILDER = "urn:nodebake:builder"


def provenance(
    manifest: Manifest,
    *,
    tools: Iterable[Package],
    hosts: Mapping[str, str],
    distribution: str,
    version: str,
    placement: str = "",
) -> str:
    """The statement's text, on all artifacts of `manifest`.

    `tools` are the packages of the helper, `hosts` the public URI of each archive by its word,
    `distribution` is purl's `distro` (`trixie`), `version` the builder's,
    `placement` the sha256 of the placement that the lock names.
    """
    definition = {
        "buildType": BUILD_TYPE,
        "externalParameters": {"recipe": manifest.recipe, "lock": {"sha256": manifest.lock}},
        "internalParameters": {
            "epoch": manifest.epoch,
            "steps": [asdict(step) for step in manifest.steps],
        },
        "resolvedDependencies": [
            *(_archive(archive, hosts[archive.archive]) for archive in manifest.archives),
            *([{"name": "placement", "digest": {"sha256": placement}}] if placement else []),
            *_packages([*manifest.packages, *tools], distribution),
            *(
                {"name": image.name, "uri": image_purl(image), "digest": {"sha256": image.sha256}}
                for image in manifest.images
            ),
        ],
    }
    statement = {
        "_type": STATEMENT,
        "subject": [{"name": a.name, "digest": {"sha256": a.sha256}} for a in manifest.artifacts],
        "predicateType": PREDICATE,
        "predicate": {
            "buildDefinition": definition,
            "runDetails": {"builder": {"id": BUILDER, "version": {"nodebake": version}}},
        },
    }
    return json.dumps(statement, indent=1, sort_keys=True) + "\n"


def _archive(archive: Archive, host: str) -> dict[str, Any]:
    """The signed index that every package of a suite was looked up in."""
    return {
        "name": f"{archive.archive} {archive.suite}",
        "uri": f"{host}/dists/{archive.suite}/InRelease",
        "digest": {"sha256": archive.release_sha256},
    }


def _packages(packages: Iterable[Package], distribution: str) -> list[dict[str, Any]]:
    """A row for each .deb; one that is in the tree and in the helper stands here once."""
    rows = {package.sha256: package for package in packages}
    return [
        {"name": package.name, "uri": purl(package, distribution), "digest": {"sha256": package.sha256}}
        for package in sorted(rows.values(), key=lambda package: (package.name, package.architecture))
    ]
