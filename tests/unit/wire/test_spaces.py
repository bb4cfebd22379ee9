from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mazemesh.errors import InvalidArgument
from mazemesh.games import GameSettings, list_games
from mazemesh.games.spaces import Box, Discrete, Space, Tuple, columns
from mazemesh.games.spaces.arrays import (
    action_dtype,
    observation_columns,
    pack_actions,
    unpack_actions,
)
from mazemesh.v1 import game_pb2, tensor_pb2
from mazemesh.wire.actions import decode_actions, encode_actions
from mazemesh.wire.games_step import StepBytes
from mazemesh.wire.spaces import space_from_proto, space_to_proto
from mazemesh.wire.specs import spec_from_proto, spec_to_proto
from mazemesh.wire.tensors import to_bytes
from tests.unit.games.spaces.test_spaces import CAR, SPACES


@given(SPACES)
def test_a_space_comes_back_as_it_was(space: Space) -> None:
    message = tensor_pb2.Space.FromString(space_to_proto(space).SerializeToString())
    assert space_from_proto(message, "seen") == space


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (tensor_pb2.Space(), "seen: a space of no kind"),
        (tensor_pb2.Space(box=tensor_pb2.BoxSpace(shape=[2])), r"seen\.dtype is 0"),
        (tensor_pb2.Space(discrete=tensor_pb2.DiscreteSpace()), "seen: 0 choices"),
        (tensor_pb2.Space(tuple=tensor_pb2.TupleSpace()), "seen: 0 columns"),
    ],
)
def test_a_message_that_is_no_space_is_refused(message: tensor_pb2.Space, reason: str) -> None:
    with pytest.raises(InvalidArgument, match=reason):
        space_from_proto(message, "seen")


def test_specs_of_mazes_come_back_and_an_older_servers_do_too() -> None:
    for game in list_games():
        settings = game.resolve(GameSettings())
        message = spec_to_proto(game, settings)
        assert spec_from_proto(message) == game.spec(settings)
        message.ClearField("observation_space")
        message.ClearField("action_space")
        assert spec_from_proto(message) == game.spec(settings)


@given(SPACES, st.integers(0, 2**32 - 1))
def test_actions_come_back_as_they_were(space: Space, seed: int) -> None:
    rng = np.random.default_rng(seed)
    by_name = {
        name: rng.integers(0, 2, (3, 2, *leaf.shape)).astype(leaf.dtype)
        for name, leaf in columns("action", space)
    }
    data = encode_actions(space, by_name, (3, 2))
    assert data == b"".join(to_bytes(column, column.dtype) for column in by_name.values())
    back = decode_actions(space, data, (3, 2))
    assert back.dtype == action_dtype(space)
    np.testing.assert_array_equal(back, pack_actions(space, by_name, (3, 2)))
    for name, values in unpack_actions(space, back).items():
        np.testing.assert_array_equal(values, by_name[name])
    with pytest.raises(InvalidArgument, match="actions has"):
        decode_actions(space, data + b"\x00", (3, 2))


def test_columns_of_a_step_stand_one_after_the_other() -> None:
    kinds = observation_columns(CAR)
    rng = np.random.default_rng(0)
    seen = [rng.integers(0, 9, (4, 2, *kind.shape)).astype(kind.dtype) for kind in kinds]
    message = game_pb2.GamesStep(observation=b"".join(to_bytes(a, a.dtype) for a in seen))
    step = StepBytes(game_pb2.RunGamesResponse(step=message).SerializeToString())
    for lead in ((4, 2), (-1, 2)):
        views = step.columns("observation", kinds, *lead)
        for kind, array in zip(kinds, seen, strict=True):
            np.testing.assert_array_equal(views[kind.name], array)
            assert not views[kind.name].flags.writeable
    with pytest.raises(ValueError, match="observation has"):
        step.columns("observation", kinds, 3, 2)
    assert step.columns("action_mask", (), 4, 2) == {}
    nothing = step.columns("final_observation", kinds, -1, 2)
    assert {view.shape for view in nothing.values()} == {(0, 2, *kind.shape) for kind in kinds}
    two = observation_columns(Tuple((Discrete(2), Box((0.0,), (1.0,), (3,)))))
    assert [column.name for column in two] == ["observation.0", "observation.1"]
