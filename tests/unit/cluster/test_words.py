# SPDX-License-Identifier: Apache-2.0
"""Words for nodes: what they mean, and how they are refused."""

from __future__ import annotations

import pytest

from builder.cluster.cluster import Cluster
from builder.cluster.words import WordFault, expand, fold, numbers
from builder.errors import Problems, RecipeError
from tests.unit.cluster.samples import cluster, sixty

CLUSTER = cluster(sixty().replace("{number: 60,", "{number: 60, name: spare,"))


def folded(*words: str, among: Cluster = CLUSTER) -> str:
    return among.fold(among.select(words))


@pytest.mark.parametrize(
    ("word", "meaning"),
    [
        ("7", "node07"),
        ("07", "node07"),
        ("1-60", "node[01-59],spare"),
        ("1-10/3", "node[01,04,07,10]"),
        ("1-3;7;33-51", "node[01-03,07,33-51]"),
        ("1-3,7", "node[01-03,07]"),
        (" 1-3 ; 7 ", "node[01-03,07]"),
        ("1 2 3", "node[01-03]"),
        ("node07", "node07"),
        ("node[01-03,07]", "node[01-03,07]"),
        ("node[01-03, 07],spare", "node[01-03,07],spare"),
        ("node[01-09/4]", "node[01,05,09]"),
        ("@barA", "node[01-15]"),
        ("@barD", "node[46-59],spare"),
        ("@zeros", "node[17-18]"),
        ("@all", "node[01-59],spare"),
        ("@*", "node[01-59],spare"),
        ("@barA,60", "node[01-15],spare"),
        ("@barB!@zeros", "node[16,19-30]"),
        ("@barB!@zeros,17", "node[16-17,19-30]"),
        ("@barA&@odd", "node[01,03,05,07,09,11,13,15]"),
        ("1-3^3-5", "node[01-02,04-05]"),
        ("1-3!1-3", ""),
    ],
)
def test_what_a_word_means(word: str, meaning: str) -> None:
    assert folded(word) == meaning
    assert CLUSTER.fold(CLUSTER.select(word)) == meaning


def test_several_words_join() -> None:
    assert folded("5", "@barA&1-2", "spare", "5") == "node[01-02,05],spare"
    assert folded() == ""


IN_BRACKETS = "for instance `node[01-03,07]`"
ALL_OF_THEM = "there are `node[01-59],spare`"


@pytest.mark.parametrize(
    ("word", "message", "hint"),
    [
        ("61", "there is no node `61`", "there are `1-60`"),
        ("59-62", "there is no node `61-62`", "there are `1-60`"),
        ("node60", "there is no node `node60`", "did you mean `node56`, `node50` or `node46`?"),
        ("node[59-61]", "there is no node `node[60-61]`", "did you mean `node56`, `node50` or `node46`?"),
        ("node7", "there is no node `node7`", "did you mean `node07`?"),
        (
            "node01-03",
            "there is no node `node01-03`",
            "ranges of names stand in brackets: `node[01-03]`; numbers need none",
        ),
        (
            "node01-node03",
            "there is no node `node01-node03`",
            "ranges of names stand in brackets: `node[01-03]`; numbers need none",
        ),
        ("node2", "there is no node `node2`", "did you mean `node02`?"),
        ("NODE02", "there is no node `NODE02`", "did you mean `node02`?"),
        ("node002", "there is no node `node002`", "did you mean `node02`?"),
        ("all", "there is no node `all`", "did you mean `@all`?"),
        ("zeros", "there is no node `zeros`", "did you mean `@zeros`?"),
        ("@bara", "there is no group `@bara`", "did you mean `@barA`, `@barD` or `@barC`?"),
        (
            "@nobody",
            "there is no group `@nobody`",
            "groups: `@all`, `@barA`, `@barB`, `@barC`, `@barD`, `@odd`, `@zeros`",
        ),
        ("", "an empty word names no nodes", None),
        ("  ", "an empty word names no nodes", None),
        ("1,", "`1,` lacks nodes beside a `,`", None),
        ("1,!2", "`1,!2` lacks nodes beside a `,`", None),
        ("!1", "`!1` lacks nodes beside a `,`", None),
        ("node[01", "`node[01` has a bracket without its other half", IN_BRACKETS),
        ("node01]", "`node01]` has a bracket without its other half", IN_BRACKETS),
        ("node[3-1]", "`node[3-1]` cannot be read: bad range", IN_BRACKETS),
        ("node[a]", "`node[a]` cannot be read: bad range", IN_BRACKETS),
        ("node[]", "`node[]` cannot be read: bad range", IN_BRACKETS),
        ("3-1", "`3-1` runs backwards", "ranges go from the lower to the higher number"),
        ("1-999999999", "`[1-999999999]` names more than 10000 nodes", None),
        ("n[1-9999]x[1-9999]", "`n[1-9999]x[1-9999]` names more than 10000 nodes", None),
        ("n[0-" + "9" * 5000 + "]", f"`n[0-{'9' * 36}…` names more than 10000 nodes", None),
        ("$(reboot)", "there is no node `$(reboot)`", ALL_OF_THEM),
        ("é", "there is no node `é`", ALL_OF_THEM),
    ],
)
def test_a_word_that_means_nothing(word: str, message: str, hint: str | None) -> None:
    with pytest.raises(RecipeError) as caught:
        CLUSTER.select([word])
    assert (caught.value.message, caught.value.hint, int(caught.value.exit)) == (message, hint, 2)


def test_all_wrong_words_are_told() -> None:
    with pytest.raises(Problems) as caught:
        CLUSTER.select(["61", "1", "@x"])
    assert [each.message for each in caught.value.problems] == [
        "there is no node `61`",
        "there is no group `@x`",
    ]


def test_words_without_a_cluster() -> None:
    assert expand("node[08-11]") == ["node08", "node09", "node10", "node11"]
    assert fold(["node10", "b", "node08", "node09"]) == "b,node[08-10]"
    assert sorted(numbers("1-3;07")) == [1, 2, 3, 7]
    with pytest.raises(WordFault):
        numbers("node1")
