"""The bound on observations that are enough."""

from __future__ import annotations

import pytest

from services.model.experiments.judging.sample_size import required_observations

USUAL = {"base": 0.5, "mean": 0.4, "tolerance": 0.0, "share": 0.1, "alpha": 0.05, "power": 0.99}


def required(**given: float) -> int:
    return required_observations(**{**USUAL, **given})


def test_it_is_some_multiple_of_a_test_at_a_fixed_size() -> None:
    # One-sided z-test of two means: (1.645 + 2.326)^2 * (0.25 / 0.9 + 0.24 / 0.1) / 0.01.
    fixed = 4222
    assert 2 * fixed < required() < 4 * fixed


def test_it_follows_effect_share_and_certainty() -> None:
    assert required(mean=0.45) > 3 * required()
    assert required(share=0.5) < required() / 2
    assert required(alpha=0.01) > required()
    assert required(power=0.9) < required()
    assert required(tolerance=0.05) > required()


@pytest.mark.parametrize(
    "given", [{"mean": 0.5}, {"tolerance": 0.1}, {"share": 0.0}, {"share": 1.0}, {"mean": 0.499999}]
)
def test_of_what_cannot_be_found_there_is_none(given: dict[str, float]) -> None:
    assert required(**given) == 0
