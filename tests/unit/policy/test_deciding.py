"""Actions of any space in numpy, beside the learner's distributions in torch."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from learner.network.parts.action_heads import ActionSpace
from mazemesh.collecting.noise import CorrelatedNoise
from mazemesh.errors import InvalidArgument
from mazemesh.games.spaces import Box, Dict, Discrete, MultiBinary, MultiDiscrete, Space, Tuple
from mazemesh.policy.deciding import Deciding, first_row
from mazemesh.policy.file.space_text import space_of, space_text
from mazemesh.policy.heads import ActionDistribution, heads, logits_width, output_widths

ARM = Box((-2.0, 0.0, -math.inf, 0.0), (2.0, 10.0, math.inf, math.inf), (2, 2))
MANY = Dict(
    (
        ("move", Discrete(4, 3)),
        ("body", Tuple((ARM, MultiBinary((2,))))),
        ("aim", MultiDiscrete((3, 2))),
        ("speed", Box((0.0,), (1.0,), ())),
    )
)
SPACES: dict[str, Space] = {
    "discrete": Discrete(5),
    "large": Discrete(300),
    "multi": MultiDiscrete((3, 2, 7)),
    "binary": MultiBinary((4,)),
    "box": ARM,
    "many": MANY,
}
ROWS = 64


def logits_of(space: Space) -> np.ndarray:
    rng = np.random.default_rng(1)
    return rng.normal(size=(ROWS, logits_width(space))).astype(np.float32)


def as_columns(space: Space, actions: object) -> dict[str, np.ndarray]:
    if isinstance(actions, np.ndarray):
        return {heads(space)[0].column: actions}
    assert isinstance(actions, dict)
    return actions


@pytest.mark.parametrize("distribution", ["clipped", "squashed"])
@pytest.mark.parametrize("name", SPACES)
def test_actor_and_learner_say_the_same(name: str, distribution: ActionDistribution) -> None:
    space, rng = SPACES[name], np.random.default_rng(0)
    deciding, logits = Deciding(space, distribution), logits_of(SPACES[name])
    theirs = ActionSpace(space, distribution)
    joint = theirs.joint(torch.from_numpy(logits))
    drawn = deciding.draw(logits, 1.0, rng)
    columns = as_columns(space, drawn)
    for head in heads(space):
        column = columns[head.column]
        assert column.dtype == head.space.dtype
        assert column.shape == (ROWS, *head.space.shape)
    flat = theirs.flat({key: torch.from_numpy(value) for key, value in columns.items()})
    expected = joint.log_prob(flat).numpy()
    found = deciding.log_probability(logits, drawn)
    np.testing.assert_allclose(found, expected, rtol=2e-3, atol=2e-3)
    best, mode = as_columns(space, deciding.best(logits)), joint.mode()
    for key, wanted in mode.items():
        np.testing.assert_allclose(
            best[key].reshape(wanted.shape), wanted.numpy(), rtol=1e-4, atol=1e-5
        )


def test_what_the_game_is_given_lies_within_bounds() -> None:
    deciding, logits = Deciding(ARM), logits_of(ARM) * 3
    drawn = deciding.draw(logits, 1.0, np.random.default_rng(0))
    bounded = deciding.bounded(drawn)
    assert isinstance(drawn, np.ndarray)
    assert isinstance(bounded, np.ndarray)
    low, high = (np.array(bound).reshape(2, 2) for bound in (ARM.low, ARM.high))
    assert (drawn < low).any()
    assert (bounded >= low).all()
    assert (bounded <= high).all()


def test_cold_policies_play_their_mode_and_noise_moves_it() -> None:
    rng, logits = np.random.default_rng(0), logits_of(MANY)
    deciding = Deciding(MANY, "squashed")
    cold, best = deciding.draw(logits, 0.0, rng), deciding.best(logits)
    assert isinstance(cold, dict)
    assert isinstance(best, dict)
    assert all(np.array_equal(cold[name], best[name]) for name in best)
    assert deciding.noise_width == 5
    still = as_columns(MANY, deciding.noisy(logits, np.zeros((ROWS, 5), np.float32), rng))
    np.testing.assert_allclose(still["action.body.0"], best["action.body.0"], rtol=1e-6)
    moved = as_columns(MANY, deciding.noisy(logits, np.full((ROWS, 5), 0.5, np.float32), rng))
    apart = moved["action.body.0"] - best["action.body.0"]
    # Half of half the way between bounds, where there is room; half a unit where there are none.
    assert apart[:, 0, 0].max() == pytest.approx(1.0)
    assert apart[:, 1, 0].max() == pytest.approx(0.5)
    row = first_row(best)
    assert isinstance(row, dict)
    assert row["action.aim"].shape == (2,)


def test_masks_forbid_choices_of_every_part() -> None:
    space = SPACES["multi"]
    logits = logits_of(space)
    logits[:, [0, 3, 5, 6, 7]] = -1e9
    drawn = Deciding(space).draw(logits, 1.0, np.random.default_rng(0))
    assert isinstance(drawn, np.ndarray)
    assert (drawn[:, 0] > 0).all()
    assert (drawn[:, 1] == 1).all()
    assert (drawn[:, 2] > 2).all()


def test_outputs_are_named_after_the_leaves() -> None:
    assert output_widths(Discrete(3)) == {"logits": 3}
    assert output_widths(ARM) == {"mean": 4, "log_std": 4}
    assert output_widths(MANY) == {
        "logits.move": 4,
        "mean.body.0": 4,
        "log_std.body.0": 4,
        "logits.body.1": 2,
        "logits.aim": 5,
        "mean.speed": 1,
        "log_std.speed": 1,
    }
    with pytest.raises(InvalidArgument, match="a box of int16"):
        heads(Box((0.0,), (9.0,), (2,), "int16"))


@pytest.mark.parametrize("space", [*SPACES.values(), MANY])
def test_a_space_survives_as_text(space: Space) -> None:
    assert space_of(space_text(space)) == space


def test_a_text_that_is_no_space_is_refused() -> None:
    for text in ("", "[]", '{"box": [2]}', '{"discrete": 0, "start": 0}', '{"tuple": []}'):
        with pytest.raises(InvalidArgument):
            space_of(text)


def test_noise_goes_on_from_step_to_step_of_each_seat() -> None:
    noise = CorrelatedNoise(200, 2, 0.9, np.random.default_rng(0))
    games = np.repeat(np.arange(200), 2)
    steps = np.array([noise.next(games, 3) for _ in range(200)])
    assert steps.std() == pytest.approx(1.0, abs=0.05)
    following = (steps[1:] * steps[:-1]).mean()
    assert following == pytest.approx(0.9, abs=0.05)
    between = (steps[:, ::2] * steps[:, 1::2]).mean()
    assert between == pytest.approx(0.0, abs=0.05)
