# SPDX-License-Identifier: Apache-2.0
import pytest

from builder.image.place import choose
from builder.image.space import Space, complement, joined


def test_the_first_hole_with_room_for_all_is_taken() -> None:
    space = Space([(0, 2), (10, 5), (20, 100)])
    assert space.take(3) == [(10, 3)]
    assert space.take(3) == [(20, 3)]
    assert space.take(2) == [(0, 2)]
    assert space.blocks == 2 + 97


def test_what_fits_no_hole_is_scattered_over_the_largest() -> None:
    space = Space([(0, 2), (10, 5), (20, 4)])
    assert space.take(8) == [(10, 5), (20, 3)]
    with pytest.raises(ValueError, match="4 blocks are wanted, 3 are free"):
        space.take(4)


def test_exactly_what_is_claimed_is_taken_or_nothing() -> None:
    space = Space([(0, 10)])
    assert space.claim(4, 3)
    assert not space.claim(6, 2)
    assert not space.claim(9, 2)
    assert space.take(4) == [(0, 4)]
    assert space.take(3) == [(7, 3)]


def test_what_is_given_back_joins_its_neighbours() -> None:
    space = Space([(0, 10)])
    for block in range(10):
        assert space.claim(block, 1)
    for block in (3, 5, 4):
        space.give((block, 1))
    assert space.take(3) == [(3, 3)]


def test_spans() -> None:
    assert complement([(5, 2), (0, 1), (6, 3)], 12) == [(1, 4), (9, 3)]
    assert joined([(1, 2), (3, 1), (9, 1)]) == [(1, 3), (9, 1)]


def test_without_a_former_release_all_is_laid_in_order() -> None:
    found = choose([("a", 3), ("none", 0), ("b", 2)], {}, Space([(10, 100)]))
    assert found == {"a": ((10, 3),), "none": (), "b": ((13, 2),)}


def test_what_stays_keeps_its_place_and_what_is_new_fills_the_holes() -> None:
    former = {"a": [(10, 3)], "gone": [(13, 4)], "b": [(17, 2)]}
    found = choose([("a", 3), ("new", 4), ("b", 2)], former, Space([(10, 100)]))
    assert found == {"a": ((10, 3),), "new": ((13, 4),), "b": ((17, 2),)}


def test_what_shrinks_keeps_its_first_blocks() -> None:
    assert choose([("a", 1)], {"a": [(10, 3)]}, Space([(10, 100)])) == {"a": ((10, 1),)}


def test_what_grows_takes_the_room_behind_it_or_a_further_piece() -> None:
    former = {"a": [(10, 3)], "b": [(13, 2)], "end": [(15, 1)]}
    found = choose([("a", 4), ("b", 2), ("end", 3)], former, Space([(10, 100)]))
    assert found == {"a": ((10, 3), (18, 1)), "b": ((13, 2),), "end": ((15, 3),)}


def test_what_grows_to_more_than_twice_its_size_moves_as_a_whole() -> None:
    former = {"a": [(10, 3)], "b": [(13, 2)]}
    assert choose([("a", 7), ("b", 2)], former, Space([(10, 100)])) == {"a": ((15, 7),), "b": ((13, 2),)}


def test_what_would_fall_into_a_fifth_piece_moves_as_a_whole() -> None:
    former = {"a": [(10, 1), (12, 1), (14, 1), (16, 1)], "b": [(11, 1)], "c": [(17, 1)]}
    found = choose([("a", 5), ("b", 1), ("c", 1)], former, Space([(10, 100)]))
    assert found == {"a": ((12, 5),), "b": ((11, 1),), "c": ((17, 1),)}


def test_nothing_new_takes_the_place_of_what_stays() -> None:
    former = {"b": [(10, 2)]}
    assert choose([("a", 5), ("b", 2)], former, Space([(10, 100)])) == {"a": ((12, 5),), "b": ((10, 2),)}
