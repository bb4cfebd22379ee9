from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mazemesh.errors import InvalidArgument
from mazemesh.games import get_game, list_games
from mazemesh.games.spaces import (
    Box,
    Dict,
    Discrete,
    Leaf,
    MultiBinary,
    MultiDiscrete,
    Space,
    Tuple,
    check_space,
    columns,
    content,
    leaves,
    mask_bytes,
    row_bytes,
    single,
)
from mazemesh.games.spaces.arrays import (
    action_dtype,
    mask_columns,
    observation_columns,
    pack_actions,
    unpack_actions,
)
from mazemesh.games.spec import spaces_hash

IMAGE = Box((0.0,), (255.0,), (84, 84, 3), "uint8")
STEER = Box((-1.0,), (1.0,), (2,))
CAR = Dict(
    (
        ("camera", Dict((("left", IMAGE), ("right", IMAGE)))),
        ("gears", Tuple((Discrete(6, start=-1), MultiDiscrete((3, 4))))),
        ("lamps", MultiBinary((2, 2))),
        ("speed", STEER),
    )
)

_NAMES = st.text("abcdefgh_-09", min_size=1, max_size=8)
_SHAPES = st.lists(st.integers(1, 4), max_size=3).map(tuple)


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    dtype = draw(st.sampled_from(["float32", "uint8", "int16", "int32", "int8", "uint16"]))
    shape = draw(_SHAPES)
    count = draw(st.sampled_from([1, math.prod(shape)]))
    low = draw(st.lists(st.floats(-100, 0), min_size=count, max_size=count))
    high = [draw(st.sampled_from([0.0, 3.5, math.inf])) for _ in low]
    return Box(tuple(low), tuple(high), shape, dtype)


SPACES: st.SearchStrategy[Space] = st.recursive(
    st.one_of(
        boxes(),
        st.builds(Discrete, st.integers(1, 500), st.integers(-3, 3)),
        st.lists(st.integers(1, 9), min_size=1, max_size=4).map(tuple).map(MultiDiscrete),
        st.builds(MultiBinary, _SHAPES),
    ),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(tuple).map(Tuple),
        st.dictionaries(_NAMES, inner, min_size=1, max_size=3).map(lambda d: Dict((*d.items(),))),
    ),
    max_leaves=8,
)


def test_leaves_are_columns_named_by_their_path() -> None:
    assert [(leaf.name, leaf.space.dtype, leaf.space.shape) for leaf in leaves(CAR)] == [
        ("camera.left", "uint8", (84, 84, 3)),
        ("camera.right", "uint8", (84, 84, 3)),
        ("gears.0", "int8", ()),
        ("gears.1", "int32", (2,)),
        ("lamps", "uint8", (2, 2)),
        ("speed", "float32", (2,)),
    ]
    assert leaves(STEER) == (Leaf((), "", STEER),)
    assert [name for name, _ in columns("action_mask", CAR)] == [
        "action_mask.gears.0",
        "action_mask.gears.1",
    ]
    assert columns("action", Dict((("steer", STEER),))) == (("action", STEER),)
    assert row_bytes(CAR) == 2 * 84 * 84 * 3 + 1 + 8 + 4 + 8
    assert mask_bytes(CAR) == 6 + 7
    assert single(CAR) is None
    assert IMAGE.is_image
    assert not STEER.is_image


@pytest.mark.parametrize(
    ("space", "message"),
    [
        (Tuple(()), r"seen: 0 columns; expected 1\.\.64"),
        (Tuple((Discrete(2),) * 65), r"seen: 65 columns; expected 1\.\.64"),
        (Dict((("a.b", STEER),)), r"the name 'a\.b' should be 1\.\.32 letters"),
        (Dict((("a", STEER), ("a", STEER))), r"'a' stands there twice"),
        (Dict((("a", Box((0.0,), (1.0,), (0,))),)), r"seen\.a: the shape \[0\]"),
        (Box((0.0,), (1.0,), (2**11, 2**10)), r"2,097,152 elements; at most 1,048,576"),
        (Box((0.0,), (1.0,), (2,), "float64"), r"elements of 'float64'; expected uint8, "),
        (Box((0.0, 0.0), (1.0, 1.0), (3,)), r"2 low and 2 high bounds; expected 1 or 3"),
        (Box((2.0,), (1.0,), (3,)), r"no number lies within 2\.\.1"),
        (Box((math.nan,), (1.0,), (3,)), r"no number lies within nan\.\.1"),
        (Box((0.0,) * 2**17, (1.0,) * 2**17, (2**17,)), r"131,072 elements have bounds"),
        (Discrete(0), r"0 choices; expected 1\.\."),
        (MultiDiscrete(()), r"parts of \[\] choices"),
        (MultiDiscrete((2, 2), (1,)), r"1 starts; expected none or 2"),
        (MultiDiscrete((2**20, 2**20)), r"choices"),
        (MultiBinary((2, 0)), r"the shape \[2, 0\]"),
    ],
)
def test_what_cannot_be_played_is_refused_with_a_reason(space: Space, message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        check_space(space, "seen")


def test_what_is_too_deep_is_refused() -> None:
    space: Space = STEER
    for _ in range(8):
        space = Tuple((space,))
    check_space(space, "seen")
    with pytest.raises(InvalidArgument, match="deeper than 8 levels"):
        check_space(Tuple((space,)), "seen")


@pytest.mark.parametrize(
    "other",
    [
        Box((-2.0,), (1.0,), (2,)),
        Box((-1.0,), (1.0,), (2, 1)),
        Box((-1.0,), (1.0,), (2,), "int8"),
        Dict((("a", STEER),)),
        Tuple((STEER,)),
    ],
)
def test_bounds_shapes_types_and_names_make_another_hash(other: Space) -> None:
    assert spaces_hash(STEER, Discrete(2)) != spaces_hash(other, Discrete(2))
    assert spaces_hash(Discrete(2), STEER) != spaces_hash(Discrete(2), other)


@given(SPACES, SPACES)
def test_content_tells_spaces_apart(one: Space, other: Space) -> None:
    check_space(one, "seen")
    assert (content(one) == content(other)) == (one == other)


def test_mazes_have_one_column_each_way_and_their_old_hash() -> None:
    for game in list_games():
        spec = game.spec()
        (seen,) = observation_columns(spec.observation_space)
        assert (seen.name, seen.dtype, seen.shape) == (
            "observation",
            np.uint8,
            (spec.observation_size,),
        )
        assert spec.action_space == Discrete(5)
        assert [mask.shape for mask in mask_columns(spec.action_space)] == [(5,)]
        assert spec.has_numbered_actions
    race = get_game("race").spec()
    assert race.step_bytes == 2 * (2 * (race.observation_size + 5) + 10) + 9


@given(SPACES, st.integers(0, 2**32 - 1))
def test_actions_are_packed_and_come_back(space: Space, seed: int) -> None:
    rng = np.random.default_rng(seed)
    lead = (3, 2)
    by_name: dict[str, Any] = {
        name: rng.integers(0, 2, (*lead, *leaf.shape)).astype(leaf.dtype)
        for name, leaf in columns("action", space)
    }
    packed = pack_actions(space, by_name, lead)
    assert packed.dtype == action_dtype(space)
    assert packed.dtype.itemsize == row_bytes(space)
    back = unpack_actions(space, packed)
    assert list(back) == list(by_name)
    for name, values in by_name.items():
        np.testing.assert_array_equal(back[name], values)
    assert pack_actions(space, packed, lead) is packed


def test_actions_of_other_columns_or_shapes_are_refused() -> None:
    two = Dict((("steer", STEER), ("gear", Discrete(3))))
    with pytest.raises(InvalidArgument, match="expected one for each of"):
        pack_actions(two, np.zeros((1, 1)), (1, 1))
    with pytest.raises(InvalidArgument, match=r"columns \['action.gear'\]; expected"):
        pack_actions(two, {"action.gear": np.zeros((1, 1))}, (1, 1))
    with pytest.raises(InvalidArgument, match=r"action has shape \[1, 2\]; expected \[1, 1\]"):
        pack_actions(Discrete(3), np.zeros((1, 2)), (1, 1))
