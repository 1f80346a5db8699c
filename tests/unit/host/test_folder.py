# SPDX-License-Identifier: Apache-2.0
import threading
from pathlib import Path

import pytest

from builder.host.folder import held


def test_what_was_made_for_nothing_goes_again(tmp_path: Path) -> None:
    with pytest.raises(KeyError), held(tmp_path / "a" / "b", lambda: None):
        assert (tmp_path / "a" / "b").is_dir()
        raise KeyError
    assert list(tmp_path.iterdir()) == []


def test_what_was_there_or_holds_something_stays(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with held(tmp_path / "a" / "b", lambda: None):
        (tmp_path / "a" / "b" / "made").touch()
    with held(tmp_path / "a" / "c", lambda: None):
        pass
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["b"]


def test_a_second_one_waits_and_finds_a_folder_though_the_first_took_it_away(tmp_path: Path) -> None:
    waits, seen = threading.Event(), []

    def second() -> None:
        with held(tmp_path / "a", waits.set):
            (tmp_path / "a" / "second").touch()
            seen.append("second")

    with held(tmp_path / "a", lambda: None):
        thread = threading.Thread(target=second)
        thread.start()
        assert waits.wait(10)
        seen.append("first")
    thread.join(10)
    assert seen == ["first", "second"]
    assert (tmp_path / "a" / "second").exists()
