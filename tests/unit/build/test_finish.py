# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

from builder.build.step.finish import _forget_days


def test_accounts_without_a_password_have_no_day_of_its_change(tmp_path: Path) -> None:
    shadow = tmp_path / "shadow"
    shadow.write_text(
        "root:*:20415:0:99999:7:::\nadmin:!:20415:0:99999:7:::\nold:$6$x$y:20415:0:99999:7:::\n"
    )
    _forget_days(shadow)
    assert shadow.read_text() == (
        "root:*::0:99999:7:::\nadmin:!::0:99999:7:::\nold:$6$x$y:20415:0:99999:7:::\n"
    )
