from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.matchmaker.training.opponents import (
    Mix,
    Opponent,
    Source,
    draw,
    pfsp_weights,
    pool,
    sample_opponents,
)

BOTS = ("bot/random", "bot/shortest-path")
MIX = Mix(0.5, 0.38, 0.12)
RATES = st.lists(st.floats(0, 1), min_size=1, max_size=40)


def sample(count: int, snapshots: list[str], *, seed: int = 0, **over: object) -> list[Opponent]:
    arguments = {
        "snapshots": snapshots,
        "win_rates": np.full(len(snapshots), 0.5),
        "bots": BOTS,
        "mix": MIX,
        "curve": "hard",
        "power": 2.0,
        "rng": np.random.default_rng(seed),
        **over,
    }
    return sample_opponents(["race"], count, **arguments)  # type: ignore[arg-type]


def test_the_hard_curve_is_one_minus_w_to_the_power() -> None:
    weights = pfsp_weights(np.array([0.0, 0.5, 0.9]), "hard", 2.0)
    np.testing.assert_allclose(weights, np.array([1.0, 0.25, 0.01]) / 1.26)


def test_the_even_curve_prefers_equals() -> None:
    weights = pfsp_weights(np.array([0.1, 0.5, 0.9]), "even", 2.0)
    np.testing.assert_allclose(weights, np.array([0.09, 0.25, 0.09]) / 0.43)


@pytest.mark.parametrize(
    ("rates", "curve"), [([1.0, 1.0, 1.0], "hard"), ([0.0, 1.0, 0.0], "even"), ([1.0], "hard")]
)
def test_when_all_weights_vanish_the_choice_is_uniform(rates: list[float], curve: str) -> None:
    weights = pfsp_weights(np.array(rates), curve, 2.0)  # type: ignore[arg-type]
    np.testing.assert_allclose(weights, 1 / len(rates))


@given(RATES, st.sampled_from(["hard", "even"]), st.floats(0.1, 20))
def test_weights_are_a_distribution(rates: list[float], curve: str, power: float) -> None:
    weights = pfsp_weights(np.array(rates), curve, power)  # type: ignore[arg-type]
    assert weights.shape == (len(rates),)
    assert (weights >= 0).all()
    assert weights.sum() == pytest.approx(1)


def test_the_pool_keeps_the_newest_and_spreads_the_rest() -> None:
    chosen = pool(range(1, 101), 8)
    assert chosen == [1, 33, 64, 96, 97, 98, 99, 100]


@given(st.sets(st.integers(1, 10_000), max_size=200), st.integers(1, 40))
def test_the_pool_is_ascending_within_size_and_has_the_newest(
    versions: set[int], size: int
) -> None:
    chosen = pool(list(versions), size)
    assert chosen == sorted(set(chosen))
    assert set(chosen) <= versions
    assert len(chosen) == min(size, len(versions))
    if versions:
        assert max(versions) in chosen
        if size > 1:
            assert min(versions) in chosen


@given(RATES, st.integers(1, 300), st.integers(0, 2**32 - 1))
def test_systematic_draws_are_as_near_to_the_shares_as_can_be(
    raw: list[float], count: int, seed: int
) -> None:
    weights = np.array(raw) + (0.0 if sum(raw) > 1e-6 else 1.0)
    indices = draw(weights, count, np.random.default_rng(seed))
    shares = weights / weights.sum() * count
    times = np.bincount(indices, minlength=weights.size)
    assert times.sum() == count
    assert (np.abs(times - shares) < 1 + 1e-6).all()
    assert not times[weights == 0].any()


@pytest.mark.parametrize("count", [50, 100, 1000])
def test_the_mix_is_kept(count: int) -> None:
    sources = Counter(one.source for one in sample(count, ["race:1", "race:2"]))
    assert sources[Source.LATEST] == pytest.approx(0.5 * count, abs=1)
    assert sources[Source.PFSP] == pytest.approx(0.38 * count, abs=1)
    assert sources[Source.BOT] == pytest.approx(0.12 * count, abs=1)


def test_single_draws_keep_the_mix_on_average() -> None:
    rng = np.random.default_rng(1)
    sources = Counter(sample(1, ["race:1"], rng=rng)[0].source for _ in range(4000))
    assert sources[Source.LATEST] == pytest.approx(2000, abs=150)
    assert sources[Source.BOT] == pytest.approx(480, abs=100)


def test_snapshots_come_by_their_weights_and_bots_uniformly() -> None:
    opponents = sample(1000, ["race:1", "race:2", "race:3"], win_rates=np.array([0.0, 0.5, 1.0]))
    times = Counter(one.policy for one in opponents)
    assert times["race:latest"] == 500
    assert times["race:1"] == pytest.approx(380 * 0.8, abs=2)
    assert times["race:2"] == pytest.approx(380 * 0.2, abs=2)
    assert times["race:3"] == 0
    assert times["bot/random"] == times["bot/shortest-path"] == 60


def test_without_snapshots_their_share_is_the_latest() -> None:
    sources = Counter(one.source for one in sample(100, []))
    assert sources == {Source.LATEST: 88, Source.BOT: 12}


def test_without_bots_and_snapshots_all_is_the_latest() -> None:
    assert set(sample(10, [], bots=())) == {Opponent("race:latest", Source.LATEST)}


def test_the_order_is_drawn() -> None:
    assert sample(50, ["race:1"], seed=1) != sample(50, ["race:1"], seed=2)
    assert sample(50, ["race:1"], seed=1) == sample(50, ["race:1"], seed=1)
