# SPDX-License-Identifier: Apache-2.0
from builder.release.version import version


def test_a_version_is_a_day_and_a_plan() -> None:
    assert version(1767323045, "0123456789abcdef") == "20260102-01234567"
