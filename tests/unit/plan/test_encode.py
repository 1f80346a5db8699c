# SPDX-License-Identifier: Apache-2.0
"""Effects as plain data, and back."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from builder.plan.encode import decode, encode
from builder.recipe.effect import (
    AddUser,
    Delete,
    Effect,
    FromFile,
    Inline,
    MakeDirectory,
    MakeLink,
    RunScript,
    UnitState,
    WriteFile,
)

TEXT = st.text(max_size=5)
FROM_FILE = st.builds(FromFile, TEXT, TEXT, st.integers(0))
CONTENT = st.builds(Inline, st.binary(max_size=5)) | FROM_FILE
EFFECTS = st.one_of(
    st.builds(WriteFile, TEXT, CONTENT, st.integers(0, 0o7777), TEXT, TEXT),
    st.builds(MakeDirectory, TEXT, st.integers(0, 0o7777)),
    st.builds(MakeLink, TEXT, TEXT),
    st.builds(Delete, TEXT),
    st.builds(AddUser, TEXT, st.none() | st.integers(0), groups=st.lists(TEXT, max_size=2).map(tuple)),
    st.builds(UnitState, TEXT, st.sampled_from(["enable", "disable", "mask"])),
    st.builds(RunScript, FROM_FILE, st.lists(FROM_FILE, max_size=2).map(tuple)),
)


@given(st.lists(EFFECTS, max_size=3).map(tuple))
def test_decode_and_encode_are_inverse(effects: tuple[Effect, ...]) -> None:
    assert decode(json.loads(json.dumps(encode(effects)))) == effects
