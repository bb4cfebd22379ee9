"""Hyperparameters beyond their bounds are refused, each field of each config."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest

from learner.algorithms import registry
from learner.algorithms.dqn import DQNConfig
from learner.algorithms.impala import ImpalaConfig
from learner.algorithms.ppo.config import PPOConfig
from learner.algorithms.presets import override
from learner.algorithms.r2d2 import R2D2Config
from learner.algorithms.recurrent_ppo import RecurrentPPOConfig
from learner.bases.bounds import Within, bounds
from learner.bases.off_policy.q_learning import beta
from learner.settings import LearnerSettings
from mazemesh.errors import InvalidArgument

CONFIGS = [type(registry.find(name).preset("race").config) for name in registry.names()]
FIELDS = [(config, field.name) for config in CONFIGS for field in dataclasses.fields(config)]


@pytest.mark.parametrize(("config", "name"), FIELDS)
def test_every_field_has_bounds_and_holds_them(config: type, name: str) -> None:
    within = bounds(config).get(name)
    assert within is not None, f"{config.__name__}.{name} may be anything: give it a Within"
    usual = config()
    assert getattr(usual, name) in within
    below = within.low if within.above else math.nextafter(within.low, -math.inf)
    above = math.nextafter(within.high, math.inf)
    for value in (below, above, -math.inf, math.inf, math.nan):
        with pytest.raises(InvalidArgument, match=f"hyperparameters: {name} = .* should be"):
            override(usual, {name: value})
        with pytest.raises(InvalidArgument, match=name):
            dataclasses.replace(usual, **{name: value})


@pytest.mark.parametrize(
    ("config", "values", "told"),
    [
        (PPOConfig(), {"discount": 5}, "discount = 5 should be a number in 0..1"),
        (DQNConfig(), {"target_every": 0}, "target_every = 0 should be a whole number in 1..1000"),
        (DQNConfig(), {"importance_anneal_updates": 0}, "importance_anneal_updates = 0 should be"),
        (PPOConfig(), {"epochs": 0}, "epochs = 0 should be a whole number in 1..100"),
        (PPOConfig(), {"unroll_length": 1, "unrolls_per_batch": 1}, "a batch of one step"),
        (RecurrentPPOConfig(), {"burn_in": 8}, "'burn_in' is unknown"),
        (RecurrentPPOConfig(), {"magnet_cost": 0.1}, "magnet_cost = 0.1 is for ppo"),
        (R2D2Config(), {"burn_in": 24}, "burn_in = 24 leaves nothing of sequences of 24"),
        (DQNConfig(), {"table_capacity": 100}, "min_size = 10000 rows are waited for"),
        (
            ImpalaConfig(),
            {"max_gradient_norm": 0},
            "= 0 should be a number above 0 and at most 1000",
        ),
    ],
)
def test_the_message_says_what_would_be_right(
    config: Any, values: dict[str, float], told: str
) -> None:
    with pytest.raises(InvalidArgument, match=told):
        override(config, values)


def test_importance_goes_to_1_in_dqn_and_stays_at_the_papers_in_r2d2() -> None:
    """Schaul et al. 2016, section 3.4; Kapturowski et al. 2019, table 2."""
    dqn, r2d2 = DQNConfig(importance_anneal_updates=10), R2D2Config(importance_anneal_updates=10)
    assert [round(beta(dqn, updates), 6) for updates in (0, 5, 10, 99)] == [0.4, 0.7, 1.0, 1.0]
    assert [beta(r2d2, updates) for updates in (0, 5, 10, 99)] == [0.6] * 4


@pytest.mark.parametrize("algorithm", registry.names())
@pytest.mark.parametrize("game", ["race", "solo", "gymnasium:CartPole-v1"])
def test_presets_are_within(game: str, algorithm: str) -> None:
    config = registry.find(algorithm).preset(game).config
    assert override(config, dataclasses.asdict(config)) == config


def test_a_limit_may_be_left_out_or_included() -> None:
    assert 0 not in Within(0, 1, above=True)
    assert 0 in Within(0, 1)
    assert 1 in Within(0, 1, above=True)
    assert str(Within(0, 0.5, above=True)) == "above 0 and at most 0.5"


@pytest.mark.parametrize(
    "values",
    [
        {"hidden": [0]},
        {"hidden": [1 << 20]},
        {"hidden": [8] * 17},
        {"threads": 100_000},
        {"publish_seconds": math.inf},
        {"checkpoint_seconds": math.nan},
        {"snapshot_seconds": 0.0},
        {"exploit_win_rate": 1.5},
        {"steps": -1},
        {"seed": -1},
    ],
)
def test_settings_of_a_run_have_bounds_too(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(values))):
        LearnerSettings(**values)
