# SPDX-License-Identifier: Apache-2.0
"""What `nodebake-head` tells people and programs."""

from __future__ import annotations

import io
import json

from builder.errors import NodebakeError
from builder.head.main import Voice


def test_a_terminal_does_not_obey_what_a_node_has_written() -> None:
    out, err = io.StringIO(), io.StringIO()
    voice = Voice(out, err, lines=False)
    voice.answer([], ["a\tb\x1b[2J", "\x9b2J"])
    voice.error(NodebakeError("`\x07`"))
    assert out.getvalue() == "a\tb\\x1b[2J\n\\x9b2J\n"
    assert err.getvalue() == "error: `\\x07`\n"
    out = io.StringIO()
    Voice(out, err, lines=True).answer(["\x9b2J"], [])
    assert out.getvalue().isascii()
    assert json.loads(out.getvalue()) == {"event": "answer", "value": ["\x9b2J"]}
