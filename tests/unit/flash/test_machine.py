# SPDX-License-Identifier: Apache-2.0
"""What the flasher asks the kernel, in numbers."""

from __future__ import annotations

import pytest

from builder.flash.agent.machine import blkgetsize64


@pytest.mark.parametrize(("word", "number"), [(8, 0x80081272), (4, 0x80041272)])
def test_the_size_of_a_device_is_asked_for_in_the_words_of_its_system(word: int, number: int) -> None:
    assert blkgetsize64(word) == number
