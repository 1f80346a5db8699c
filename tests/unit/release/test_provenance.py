# SPDX-License-Identifier: Apache-2.0
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import ParseDict
from in_toto_attestation.predicates.provenance.v1.provenance_pb2 import Provenance
from in_toto_attestation.v1.statement import Statement
from in_toto_attestation.v1.statement_pb2 import Statement as StatementMessage

from builder.release.manifest import Artifact, ContainerImage, Package
from builder.release.provenance import provenance
from tests.unit.release.samples import MANIFEST

SAMPLE = Path(__file__).parents[2] / "data" / "provenance-1.json"
TOOLS = (
    Package("zstd", "1.5.7", "amd64", "ef" * 32, "libzstd", "utils"),
    # In the tree too: one .deb, one row.
    MANIFEST.packages[1],
)


def statement(**changes: Any) -> str:
    return provenance(
        replace(MANIFEST, **changes),
        tools=TOOLS,
        hosts={"debian": "http://ftp.debian.org/debian"},
        distribution="trixie",
        version="0.1.0",
    )


def test_it_is_written_as_the_sample() -> None:
    assert statement() == SAMPLE.read_text(encoding="utf-8")


def test_images_are_dependencies() -> None:
    image = ContainerImage("docker.io/library/x:1", "linux/arm64", "ab" * 32)
    data = json.loads(statement(images=(image,)))
    ParseDict(data["predicate"], Provenance())
    digest = "sha256%3A" + "ab" * 32
    assert data["predicate"]["buildDefinition"]["resolvedDependencies"][-1] == {
        "name": image.name,
        "uri": f"pkg:oci/x@{digest}?arch=arm64&repository_url=docker.io/library/x&tag=1",
        "digest": {"sha256": "ab" * 32},
    }


def test_it_is_a_valid_statement_with_a_valid_predicate() -> None:
    data = json.loads(statement())
    # Both refuse fields that they do not know.
    message = ParseDict(data, StatementMessage())
    Statement.copy_from_pb(message).validate()
    predicate = ParseDict(data["predicate"], Provenance())
    assert predicate.build_definition.build_type == "urn:nodebake:build:1"
    assert predicate.run_details.builder.id == "urn:nodebake:builder"
    assert all(
        each.uri and each.digest["sha256"] for each in predicate.build_definition.resolved_dependencies
    )


def test_every_artifact_is_a_subject() -> None:
    artifacts = (Artifact("image", "a.img", 1, "11" * 32), Artifact("sbom", "b.json", 1, "22" * 32))
    assert json.loads(statement(artifacts=artifacts))["subject"] == [
        {"name": "a.img", "digest": {"sha256": "11" * 32}},
        {"name": "b.json", "digest": {"sha256": "22" * 32}},
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"lock": "ab" * 32},
        {"steps": MANIFEST.steps[:1]},
        {"packages": MANIFEST.packages[1:]},
        {"archives": (replace(MANIFEST.archives[0], release_sha256="ab" * 32),)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_went_in_changes_it(change: dict[str, Any]) -> None:
    assert statement(**change) != statement()
