# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import pytest

from builder.errors import NodebakeError
from builder.release import manifest
from tests.unit.release.samples import MANIFEST

SAMPLE = Path(__file__).parents[2] / "data" / "manifest-1.json"


def test_format_1_is_written_as_the_sample() -> None:
    assert manifest.dump(MANIFEST) == SAMPLE.read_text(encoding="utf-8")


def test_format_1_is_read_for_good() -> None:
    assert manifest.parse(SAMPLE.read_text(encoding="utf-8")) == MANIFEST


def test_each_file_is_a_line() -> None:
    lines = manifest.dump(MANIFEST).splitlines()
    assert sum('"path"' in line for line in lines) == len(MANIFEST.files)


@pytest.mark.parametrize("text", ['{"format": 2}', "[]", "{}"])
def test_another_format_is_refused(text: str) -> None:
    with pytest.raises(NodebakeError) as caught:
        manifest.parse(text)
    assert "cannot be read" in caught.value.message
    assert caught.value.hint == "update nodebake, or build the release again with this one"


def test_what_the_format_does_not_know_is_refused() -> None:
    text = manifest.dump(MANIFEST).replace('"epoch": 1767323045', '"epoch": "now", "more": 1')
    with pytest.raises(NodebakeError) as caught:
        manifest.parse(text)
    assert caught.value.message == "the release manifest is damaged"
    assert [fact.split(":")[0] for fact in caught.value.facts] == ["epoch", "more"]


def test_no_json_is_refused() -> None:
    with pytest.raises(NodebakeError, match="the release manifest is damaged"):
        manifest.parse("not")
