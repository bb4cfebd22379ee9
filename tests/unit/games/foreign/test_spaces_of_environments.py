"""Foreign games of every kind of space, agents that differ, and agents that take turns."""

from __future__ import annotations

from typing import Any

import numpy as np
import pettingzoo
import pytest
from gymnasium import spaces as gym

from mazemesh.errors import InvalidArgument
from mazemesh.games import GameSettings, open_game
from mazemesh.games.foreign.engine import ForeignEngine
from mazemesh.games.foreign.environments.episodes import episode_seed
from mazemesh.games.foreign.game import ForeignGame
from mazemesh.games.foreign.seats.conversion import converted
from mazemesh.games.foreign.seats.rows import Rows
from mazemesh.games.foreign.seats.seat_writer import SeatWriter, checked_reward
from mazemesh.games.spaces import Box, Dict, Discrete, MultiBinary, MultiDiscrete, Tuple, leaves
from mazemesh.games.spaces.arrays import pack_actions, unpack_actions
from mazemesh.games.spaces.choosing import check_actions, make_legal

HERE = "pettingzoo:tests.foreign_games:"


def engine_of(name: str, num_games: int = 1, **options: Any) -> ForeignEngine:
    game = open_game(name)
    assert isinstance(game, ForeignGame)
    return ForeignEngine(game, None, num_games, **options)


@pytest.mark.parametrize(
    ("space", "columns"),
    [
        (gym.Box(0, 255, (4, 5, 3), np.uint8), Box((0.0,), (255.0,), (4, 5, 3), "uint8")),
        (gym.Box(-1, 1, (2,), np.float64), Box((-1.0,), (1.0,), (2,), "float32")),
        (gym.Box(-9, 9, (2,), np.int64), Box((-9.0,), (9.0,), (2,), "int32")),
        (gym.Box(0, 1, (2,), bool), Box((0.0,), (1.0,), (2,), "uint8")),
        (
            gym.Box(np.array([-1, 0]), np.array([1, np.inf]), dtype=np.float32),
            Box((-1.0, 0.0), (1.0, np.inf), (2,)),
        ),
        (gym.Discrete(7, start=3), Discrete(7, 3)),
        (gym.MultiBinary([2, 3]), MultiBinary((2, 3))),
        (gym.MultiDiscrete([[2, 3], [4, 5]]), MultiDiscrete((2, 3, 4, 5))),
        (gym.MultiDiscrete([2, 3], start=[1, 0]), MultiDiscrete((2, 3), (1, 0))),
        (gym.Text(5), Box((0.0,), (255.0,), (5,), "uint8")),
        (
            gym.Tuple((gym.Discrete(2), gym.Dict({"a key": gym.Discrete(3)}))),
            Tuple((Discrete(2), Dict((("a_key", Discrete(3)),)))),
        ),
    ],
)
def test_spaces_of_gymnasium_are_columns_and_values_come_back(
    space: gym.Space[Any], columns: Any
) -> None:
    conversion = converted(space, "its actions")
    assert conversion.space == columns
    space.seed(0)
    for _ in range(20):
        value = space.sample()
        split = conversion.split(value)
        stored = [
            np.asarray(part).astype(leaf.space.dtype).reshape(leaf.space.shape)
            for part, leaf in zip(split, leaves(columns), strict=True)
        ]
        back = conversion.join(iter(stored))
        assert space.contains(back) or isinstance(space, gym.Text)
        if isinstance(space, gym.Dict | gym.Tuple | gym.Text):
            assert back == value
        else:
            np.testing.assert_allclose(back, value)


@pytest.mark.parametrize(
    ("space", "reason"),
    [
        (gym.Sequence(gym.Discrete(2)), "its actions are Sequence; supported are Box"),
        (gym.Dict({"a": gym.Graph(gym.Discrete(2), None)}), "its actions at 'a' are Graph"),
        (gym.Dict({}), "0 columns"),
        (gym.Box(0, 1, (0,)), r"the shape \[0\]"),
        (gym.Box(0, 1, (2**11, 2**10)), "at most 1,048,576"),
        (gym.Dict({"a b": gym.Discrete(2), "a_b": gym.Discrete(2)}), "'a_b' stands there twice"),
    ],
)
def test_spaces_without_columns_are_refused(space: gym.Space[Any], reason: str) -> None:
    with pytest.raises(InvalidArgument, match=reason):
        converted(space, "its actions")


def rows_of(writer: SeatWriter) -> Rows:
    seen, done = writer.observations.space, writer.actions.space
    return Rows(
        tuple(np.full((1, *leaf.space.shape), 9, leaf.space.dtype) for leaf in leaves(seen)),
        tuple(
            np.zeros((1, leaf.space.mask_size), np.uint8)
            for leaf in leaves(done)
            if leaf.space.mask_size
        ),
        np.zeros(1, np.bool_),
        np.zeros(1, np.float32),
        np.zeros(1, np.uint8),
    )


def test_bytes_that_are_none_are_not_wrapped() -> None:
    writer = SeatWriter(gym.Box(0, 255, (2,), np.uint8), gym.Discrete(3), strict=False)
    rows = rows_of(writer)
    writer.see(np.array([3.0, 255.0]), {}, rows, 0)
    assert rows.observation[0].tolist() == [[3, 255]]
    for wrong in (-1, 256, np.nan):
        with pytest.raises(ValueError, match=rf"ann's observation has {wrong}.* within 0..255"):
            writer.see(np.array([3, wrong]), {}, rows, 0, "ann's")


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int64", "bool"])
def test_numbers_of_every_kind_are_checked_and_taken(dtype: str) -> None:
    space = gym.Box(-np.inf, np.inf, (2,), np.float64)
    writer = SeatWriter(space, gym.Discrete(3), strict=False)
    rows = rows_of(writer)
    writer.see(np.array([1, 0], dtype), {}, rows, 0)
    assert rows.observation[0].tolist() == [[1, 0]]
    if dtype.startswith("float"):
        for wrong in (np.inf, -np.inf, np.nan):
            with pytest.raises(ValueError, match="at element 1; it should be within"):
                writer.see(np.array([1, wrong], dtype), {}, rows, 0)
    if dtype not in ("float16", "bool"):
        writer.see(np.array([1, 10**9], dtype), {}, rows, 0)
        assert rows.observation[0].tolist() == [[1, 1e9]]
        with pytest.raises(ValueError, match=r"has 2000000000\.0 at element 1"):
            writer.see(np.array([1, 2 * 10**9], dtype), {}, rows, 0)


@pytest.mark.parametrize(
    ("space", "wrong"),
    [
        (gym.Discrete(5, start=2), 7),
        (gym.Discrete(5, start=2), 1),
        (gym.MultiDiscrete([2, 3]), [1, 3]),
        (gym.MultiBinary(2), [0, 2]),
        (gym.Box(-100, 100, (1,), np.int8), [200]),
    ],
)
def test_choices_out_of_range_are_refused(space: gym.Space[Any], wrong: Any) -> None:
    writer = SeatWriter(space, gym.Discrete(3), strict=False)
    with pytest.raises(ValueError, match=r"its observation has .* it should be within"):
        writer.see(np.array(wrong), {}, rows_of(writer), 0)


def test_a_mask_that_forbids_everything_forbids_nothing() -> None:
    for space, seen, info in (
        (gym.Box(0, 1, (1,)), np.zeros(1), {"action_mask": np.zeros(3)}),
        (
            gym.Dict(observation=gym.Box(0, 1, (1,)), action_mask=gym.MultiBinary(3)),
            {"observation": np.zeros(1), "action_mask": np.zeros(3)},
            {},
        ),
        (gym.Box(0, 1, (1,)), np.zeros(1), {}),
    ):
        writer = SeatWriter(space, gym.Discrete(3), strict=False)
        rows = rows_of(writer)
        writer.see(seen, info, rows, 0)
        assert rows.mask[0].tolist() == [[1, 1, 1]]
    for reward in (1e9, -1e9, np.float32(2)):
        assert checked_reward(reward) == reward


@pytest.mark.parametrize(
    "mask",
    [
        [0, 1, 0, 0, 1, 1],
        ([0, 1], [0, 0, 1, 1]),
        {"a": [0, 1], "b": [0, 0, 1, 1]},
        {"a": [0, 1], "b": ([0, 0], [1, 1])},
    ],
)
def test_masks_of_several_choices_come_in_every_form(mask: Any) -> None:
    parts = {"a": gym.Discrete(2), "b": gym.MultiDiscrete([2, 2])}
    space: gym.Space[Any] = gym.Dict(parts)
    if isinstance(mask, tuple):
        space = gym.Tuple((*parts.values(),))
    writer = SeatWriter(gym.Discrete(2), space, strict=True)
    rows = rows_of(writer)
    writer.see(0, {"action_mask": mask}, rows, 0)
    # A part of which nothing is allowed forbids nothing.
    assert [column.tolist() for column in rows.mask] == [[[0, 1]], [[1, 1, 1, 1]]]
    with pytest.raises(ValueError, match="its action mask has"):
        writer.see(0, {"action_mask": [1, 1, 1]}, rows, 0)


MACHINE = {
    "action.gear": np.array([[2]], np.int8),
    "action.lamps": np.array([[[[0, 1], [1, 0]]]], np.uint8),
    "action.steer": np.array([[[0.5, 1.5]]], np.float32),
    "action.valves": np.array([[[1, 2]]], np.int32),
}


def test_every_kind_of_space_is_played() -> None:
    engine = engine_of(HERE + "Machine", strict=True)
    spec = engine.spec
    assert [leaf.name for leaf in leaves(spec.action_space)] == [
        name.removeprefix("action.") for name in MACHINE
    ]
    assert (spec.num_actions, spec.observation_size, spec.observation_dtype) == (0, 0, "columns")
    assert engine.observation.shape == (1, 1, 0)
    engine.reset(seed=0)
    assert {name: mask.tolist() for name, mask in engine.action_masks.items()} == {
        "action_mask.gear": [[[1, 0, 1]]],
        "action_mask.valves": [[[1, 1, 0, 1, 1]]],
    }
    engine.step(pack_actions(spec.action_space, MACHINE, (1, 1)))
    assert engine.reward[0, 0] == 6
    for name, values in MACHINE.items():
        np.testing.assert_array_equal(engine.observations[f"observation.done.{name[7:]}"], values)
        np.testing.assert_array_equal(unpack_actions(spec.action_space, engine.taken)[name], values)
    assert engine.observations["observation.many"].tolist() == [[50]]
    assert engine.observations["observation.many"].dtype == np.int32
    assert engine.observations["observation.picture"].shape == (1, 1, 4, 5, 3)
    assert bytes(engine.observations["observation.say"][0, 0]) == b"step1\0\0\0"
    assert engine.observations["observation.small.0"].tolist() == [[-1]]
    assert engine.observations["observation.small.1"].tolist() == [[1]]
    # What is out of bounds or forbidden becomes what is legal, and is told so.
    wild = {
        **MACHINE,
        "action.gear": np.array([[1]]),
        "action.steer": np.array([[[-9, 9]]]),
        "action.valves": np.array([[[0, 0]]]),
    }
    engine.step(pack_actions(spec.action_space, wild, (1, 1)))
    taken = unpack_actions(spec.action_space, engine.taken)
    assert taken["action.gear"].tolist() == [[0]]
    assert taken["action.steer"].tolist() == [[[-1, 2]]]
    assert taken["action.valves"].tolist() == [[[0, 1]]]
    for _ in range(3):
        engine.step(pack_actions(spec.action_space, MACHINE, (1, 1)))
    assert engine.terminated[0]
    assert bytes(engine.final_observations["observation.say"][0, 0]) == b"step5\0\0\0"
    assert engine.observations["observation.many"].tolist() == [[0]]
    engine.close()


def test_bots_and_first_columns_of_every_kind_of_space() -> None:
    game = open_game(HERE + "Machine")
    first = game.first_columns(GameSettings(), 3, 8)
    assert {name: column.dtype.name for name, column in first.items()} == {
        "observation.done.gear": "int8",
        "observation.done.lamps": "uint8",
        "observation.done.steer": "float32",
        "observation.done.valves": "int32",
        "observation.many": "int32",
        "observation.picture": "uint8",
        "observation.say": "uint8",
        "observation.small.0": "int16",
        "observation.small.1": "int8",
        "action_mask.gear": "uint8",
        "action_mask.valves": "uint8",
    }
    assert len(first["observation.done.steer"]) == 8
    assert len(np.unique(first["observation.done.steer"], axis=0)) > 3


def test_actions_that_are_none_are_named() -> None:
    space = open_game(HERE + "Machine").spec().action_space
    awaited = np.ones((1, 1), np.bool_)
    check_actions(space, pack_actions(space, MACHINE, (1, 1)), awaited)
    for name, wrong, words in (
        ("action.gear", [[3]], r"actions \(action.gear\)\[0, 0\]: 3 is outside 0..2"),
        (
            "action.valves",
            [[[1, -1]]],
            r"\(action.valves\)\[0, 0, 1\]: -1 is outside its part of 2 x 3",
        ),
        (
            "action.lamps",
            [[[[0, 2], [0, 0]]]],
            r"\(action.lamps\)\[0, 0, 0, 1\]: 2 is neither 0 nor 1",
        ),
        ("action.steer", [[[np.nan, 0]]], r"\(action.steer\)\[0, 0, 0\]: nan is no number"),
    ):
        actions = pack_actions(space, {**MACHINE, name: np.array(wrong)}, (1, 1))
        with pytest.raises(InvalidArgument, match=words):
            check_actions(space, actions, awaited)
        check_actions(space, actions, ~awaited)
        legal = make_legal(
            space,
            actions,
            {
                "action_mask.gear": np.ones((1, 1, 3), np.uint8),
                "action_mask.valves": np.ones((1, 1, 5), np.uint8),
            },
        )
        check_actions(space, legal, awaited)


def test_more_than_127_actions_are_int32() -> None:
    spec = open_game("gymnasium:Taxi-v4").spec()
    assert spec.observation_space == Discrete(500)
    assert spec.observation_dtype == "int32"
    engine = engine_of(HERE + "Many")
    assert (engine.spec.num_actions, engine.taken.dtype) == (300, np.int32)
    engine.reset(seed=0)
    engine.step(np.full((1, 1), 299, np.int32))
    assert engine.reward[0, 0] == engine.taken[0, 0] == 299
    engine.close()


def step_of(engine: ForeignEngine, *actions: int) -> None:
    engine.step(np.array([actions], engine.taken.dtype))


def test_in_turns_only_one_acts_and_rewards_wait_for_the_turn() -> None:
    engine = engine_of(HERE + "Turns", autoreset=False, with_state=True)
    assert engine.spec.may_wait
    assert engine.spec.state_space == Box((0.0,), (99.0,), (1,))
    engine.reset(seed=0)
    told = []
    for actions in ((2, 1, 1), (9, 1, 9), (0, 0, 2), (0, 2, 2), (2, 2, 2)):
        told.append((engine.acting[0].tolist(), engine.observation[0, :, 0].tolist()))
        step_of(engine, *(min(a, 2) for a in actions))
        told[-1] += (engine.reward[0].tolist(), engine.taken[0].tolist())
    assert told == [
        # acting, seen; then of the step: earned and taken. The sum goes 0, 2, 3, 5, 6 (0 is
        # forbidden at 5), 8.
        ([True, False, False], [0, 0, 0], [0, 2, 0], [2, 0, 0]),
        ([False, True, False], [0, 2, 0], [0, 0, 3], [0, 1, 0]),
        ([False, False, True], [0, 2, 3], [23, 0, 0], [0, 0, 2]),
        ([True, False, False], [5, 2, 3], [0, 13, 0], [1, 0, 0]),
        ([False, True, False], [5, 6, 3], [12, 20, 23], [0, 2, 0]),
    ]
    assert engine.terminated[0]
    assert engine.seat_status[0].tolist() == [1, 1, 1]
    assert not engine.acting.any()
    assert engine.observation[0, :, 0].tolist() == [8, 8, 8]
    # As much as PettingZoo itself counts in all.
    assert engine.episode_return[0].tolist() == [35, 35, 26]
    assert engine.states()["state"].tolist() == [[8]]
    assert engine.final_states()["state"].tolist() == [[8]]
    engine.close()


def test_who_waits_is_told_all_when_time_is_up() -> None:
    game = open_game(HERE + "Turns")
    assert isinstance(game, ForeignGame)
    engine = ForeignEngine(game, GameSettings(step_limit=2))
    engine.reset(seed=0, rotation=1)
    assert engine.acting[0].tolist() == [False, False, True]
    step_of(engine, 0, 0, 2)
    step_of(engine, 1, 0, 0)
    assert engine.truncated[0]
    assert engine.seat_status[0].tolist() == [2, 2, 2]
    assert engine.reward[0].tolist() == [10, 3, 21]
    assert engine.final_observation[0, :, 0].tolist() == [3, 3, 3]
    assert engine.acting[0].tolist() == [False, False, True]
    engine.close()


def test_who_left_steps_no_more_and_the_others_take_turns() -> None:
    engine = engine_of(HERE + "Turns?leaving=true")
    engine.reset(seed=0)
    statuses = []
    for _ in range(40):
        acted = engine.acting[0].copy()
        assert np.count_nonzero(acted) == 1
        left = engine.seat_status[0] != 0 if engine.steps[0] else np.zeros(3, bool)
        assert not (acted & left).any()
        step_of(engine, 2, 2, 2)
        statuses.append(engine.seat_status[0].tolist())
        assert (engine.taken[0][~acted] == 0).all()
        if engine.terminated[0]:
            break
    assert statuses == [[0, 0, 0], [0, 0, 0], [0, 0, 1], [1, 0, 3], [3, 1, 3]]
    engine.close()


@pytest.mark.parametrize("name", ["classic/tictactoe-v3", "classic/connect_four-v3"])
def test_pettingzoos_own_games_are_played_as_by_itself(name: str) -> None:
    engine = engine_of(f"pettingzoo:{name}")
    env: Any = pettingzoo.make("aec", name)
    rng = np.random.default_rng(3)
    for episode in range(6):
        engine.reset(seed=4, episode=episode)
        env.reset(seed=episode_seed(4, 0, episode))
        returns = dict.fromkeys(env.possible_agents, 0.0)
        while env.agents:
            agent = env.agent_selection
            seat = env.possible_agents.index(agent)
            seen, reward, terminated, truncated, _ = env.last()
            returns[agent] += reward
            if terminated or truncated:
                env.step(None)
                continue
            assert engine.acting[0].tolist() == [s == seat for s in range(2)]
            np.testing.assert_array_equal(engine.observation[0, seat], seen["observation"])
            np.testing.assert_array_equal(engine.action_mask[0, seat], seen["action_mask"])
            action = int(rng.choice(np.flatnonzero(seen["action_mask"])))
            actions = np.zeros((1, 2), np.int8)
            actions[0, seat] = action
            env.step(action)
            engine.step(actions)
            assert engine.terminated[0] == all(env.terminations.values())
        assert engine.terminated[0]
        assert engine.episode_return[0].tolist() == list(returns.values())
    engine.close()


def test_agents_that_differ_choose_from_one_list_and_see_one_vector() -> None:
    engine = engine_of(HERE + "Unlike?kind=choices", 2, strict=True)
    spec = engine.spec
    assert spec.action_space == Discrete(4)
    assert spec.observation_space == Dict(
        (("observation", Box((-1.0,), (1.0,), (5,))), ("agent", Discrete(3)))
    )
    engine.reset(seed=0, rotation=[0, 1])
    assert engine.action_mask[0].tolist() == [[1, 1, 0, 0], [1, 1, 1, 0], [1, 1, 1, 1]]
    assert engine.observations["observation.agent"].tolist() == [[0, 1, 2], [1, 2, 0]]
    engine.step(np.full((2, 3), 3, np.int8))
    assert engine.taken.tolist() == [[0, 0, 3], [0, 3, 0]]
    assert engine.reward.tolist() == [[1, 2, 6], [2, 6, 1]]
    seen = engine.observations["observation.observation"]
    assert seen[0].tolist() == [[1, 0, 0, 0, 0], [1, 1, 0, 0, 0], [0, 1, 0, 0.25, 0.25]]
    engine.close()


def test_agents_that_differ_give_numbers_and_see_pictures() -> None:
    engine = engine_of(HERE + "Unlike?kind=boxes", strict=True)
    spec = engine.spec
    assert spec.action_space == Box((-3.0,), (3.0,), (3,))
    assert leaves(spec.observation_space)[0].space == Box((0.0,), (255.0,), (3, 3, 1), "uint8")
    engine.reset(seed=0)
    actions = np.full((1, 3, 3), 3, np.float32)
    engine.step(pack_actions(spec.action_space, actions, (1, 3)))
    # Each takes as many numbers as it has, into its own bounds.
    assert engine.reward[0].tolist() == [1, 4, 9]
    pictures = engine.observations["observation.observation"][0, :, :, :, 0]
    assert [int(picture.sum()) for picture in pictures] == [3, 4, 3]
    engine.close()


def test_agents_come_late_leave_and_come_back() -> None:
    engine = engine_of(HERE + "Guests", autoreset=False)
    engine.reset(seed=0)
    told = []
    for _ in range(6):
        acted = engine.acting[0].tolist()
        step_of(engine, 1, 2)
        told.append((acted, engine.seat_status[0].tolist(), engine.reward[0].tolist()))
    assert told == [
        ([True, False], [0, 3], [1, 0]),
        ([True, False], [0, 3], [1, 0]),
        ([True, True], [0, 1], [1, 2]),
        ([True, False], [0, 3], [1, 0]),
        ([True, False], [0, 3], [1, 0]),
        ([True, True], [1, 1], [1, 2]),
    ]
    assert engine.observation[0, :, 0].tolist() == [6, 6]
    engine.close()


def test_hashes_tell_bounds_names_and_types_apart() -> None:
    names = ("gymnasium:CartPole-v1", HERE + "Turns", HERE + "Walk", HERE + "Pictures")
    hashes = {open_game(name).spec().spec_hash for name in names}
    assert len(hashes) == 4
