# SPDX-License-Identifier: Apache-2.0
"""Equal outcomes are told once."""

from __future__ import annotations

from builder.fleet.fold import failure, folded, lines
from builder.fleet.order import Order, Outcome


def test_equal_ones_stand_together_in_the_order_of_the_first() -> None:
    outcomes = [Outcome(f"node{n:02}", 0, "even\n" if n % 2 == 0 else "odd\n") for n in range(1, 6)]
    assert [list(lines(same, 5)) for same in folded(outcomes)] == [
        ["--- node[01,03,05] (3 of 5)", "odd"],
        ["--- node[02,04] (2 of 5)", "even"],
    ]


def test_reasons_that_differ_in_the_name_only_are_one() -> None:
    outcomes = [Outcome(name, None, why=f"no host key of `{name}` is known") for name in ("node01", "node02")]
    error = failure([*outcomes, Outcome("node03", 0), Outcome("node04", 7)])
    assert error is not None
    assert error.render() == (
        "error: 3 of 4 nodes failed\n  node[01-02]: no host key of it is known\n  node04: exit code 7"
    )
    told = failure([Outcome("node04", 7, stderr="first\nlast\n")], shown=False)
    assert told is not None
    assert told.facts == ("node04: exit code 7: last",)
    alone = failure(outcomes[:1])
    assert alone is not None
    assert alone.facts == ("node01: no host key of `node01` is known",)
    assert failure([Outcome("node03", 0)]) is None


def test_many_reasons_are_cut() -> None:
    error = failure([Outcome(f"node{n:02}", n) for n in range(1, 16)])
    assert error is not None
    assert len(error.facts) == 13
    assert error.facts[-1] == "and 3 more reasons"


def test_a_script_takes_its_words_quoted() -> None:
    order = Order.script("echo", "a b", "$c", sudo=True)
    assert (order.command, order.stdin) == ("sudo -n sh -s - 'a b' '$c'", "echo")
