# SPDX-License-Identifier: Apache-2.0
import json
from dataclasses import replace
from pathlib import Path

from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

from builder.release.manifest import ContainerImage
from builder.release.sbom import sbom
from tests.unit.release.samples import MANIFEST

TEXT = sbom(MANIFEST, distribution="trixie", tool="nodebake-0.1.0")


def test_it_is_valid_spdx(tmp_path: Path) -> None:
    path = tmp_path / "sbom.spdx.json"
    path.write_text(TEXT, encoding="utf-8")
    assert validate_full_spdx_document(parse_file(str(path))) == []


def test_packages_have_purls() -> None:
    package = json.loads(TEXT)["packages"][1]
    purl = "pkg:deb/debian/g%2B%2B@4%3A14.2.0-1%2Bb1?arch=arm64&distro=trixie"
    assert package["externalRefs"][0]["referenceLocator"] == purl
    assert package["sourceInfo"] == "built from source package gcc-defaults"


def test_images_have_purls(tmp_path: Path) -> None:
    images = tuple(ContainerImage(f"ghcr.io/a/x:{tag}", "linux/arm/v6", "ab" * 32) for tag in ("1", "2"))
    path = tmp_path / "sbom.spdx.json"
    path.write_text(sbom(replace(MANIFEST, images=images), distribution="trixie", tool="nodebake-0.1.0"))
    assert validate_full_spdx_document(parse_file(str(path))) == []
    image = json.loads(path.read_text())["packages"][-1]
    assert (image["name"], image["versionInfo"]) == ("ghcr.io/a/x", "2")
    digest = "sha256%3A" + "ab" * 32
    purl = f"pkg:oci/x@{digest}?arch=arm&repository_url=ghcr.io/a/x&tag=2"
    assert image["externalRefs"][0]["referenceLocator"] == purl


def test_its_clock_is_the_epoch() -> None:
    assert json.loads(TEXT)["creationInfo"]["created"] == "2026-01-02T03:04:05Z"
    assert sbom(MANIFEST, distribution="trixie", tool="nodebake-0.1.0") == TEXT
