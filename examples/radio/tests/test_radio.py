"""The network as an environment, its physics, and the order of its baselines."""

from __future__ import annotations

import numpy as np
import pytest
from mazemesh_radio import MODES, OBJECTIVES, RadioNetwork, make
from mazemesh_radio.baselines import max_power, play, random_power, silent, water_filling, wmmse
from mazemesh_radio.environment import limited
from pettingzoo.test import parallel_api_test, parallel_seed_test

from mazemesh.optimization.problems.radio import MAX_WATTS


def test_the_api_of_pettingzoo() -> None:
    parallel_api_test(make(steps=20), num_cycles=60)


def test_a_seed_is_an_episode() -> None:
    parallel_seed_test(lambda: make(steps=20), num_cycles=20)


def test_rewards_are_vectors_within_their_space() -> None:
    network = RadioNetwork(cells=3, steps=30)
    network.reset(seed=1)
    space = network.reward_space("cell_0")
    assert space.shape == (len(OBJECTIVES),)
    rng = np.random.default_rng(0)
    while network.agents:
        shares = dict(zip(network.agents, rng.random((3, 3), np.float32), strict=True))
        seen, rewards, terminated, truncated, _ = network.step(shares)
        for agent, vector in rewards.items():
            assert space.contains(vector.astype(np.float32))
            assert network.observation_space(agent).contains(seen[agent])
        assert not any(terminated.values())
    assert all(truncated.values())
    assert network.state_space.contains(network.state())


def test_weights_make_one_reward_of_it() -> None:
    game = make(mode="emergency", cells=2)
    game.reset(seed=1)
    _, rewards, *_, infos = game.step({agent: np.ones(3, np.float32) for agent in game.agents})
    for agent, reward in rewards.items():
        assert reward == pytest.approx(infos[agent]["vector_reward"] @ MODES["emergency"])
    with pytest.raises(ValueError, match="mode: 'panic' is unknown; there are balanced"):
        make(mode="panic")
    with pytest.raises(ValueError, match="should be 3 numbers"):
        make(weights=[1.0])


def test_power_is_limited() -> None:
    shares = limited(np.array([[0.2, 0.3], [1.0, 1.0], [-1.0, 2.0]]))
    np.testing.assert_allclose(shares, [[0.2, 0.3], [0.5, 0.5], [0.0, 1.0]])


def test_a_cell_alone_has_shannons_rate() -> None:
    network = RadioNetwork(cells=1, users=1, subbands=2)
    network.reset(seed=3)
    snr = network.gain[0, 0, 0] * MAX_WATTS / 2 / network.noise
    *_, infos = network.step({"cell_0": np.full(2, 0.5, np.float32)})
    expected = (network.hertz * np.log2(1 + snr)).sum() / 1e6
    np.testing.assert_allclose(infos["cell_0"]["rates"], [expected])


def test_others_disturb() -> None:
    rates = []
    for loud in (0.0, 1.0):
        network = RadioNetwork(cells=2, users=1, subbands=1)
        network.reset(seed=5)
        one, other = np.ones(1, np.float32), np.full(1, loud, np.float32)
        *_, infos = network.step({"cell_0": one, "cell_1": other})
        rates.append(float(infos["cell_0"]["rates"][0]))
    assert rates[1] < rates[0]


def test_fading_has_the_mean_and_the_memory_that_it_should() -> None:
    network = RadioNetwork(cells=2, users=8, subbands=16, memory=0.9)
    network.reset(seed=0)
    channel = network._channel
    assert channel is not None
    before = channel._fading.copy()
    assert np.mean(np.abs(before) ** 2) == pytest.approx(1.0, abs=0.1)
    channel.fade()
    together = np.mean(channel._fading * before.conj()).real
    assert together == pytest.approx(0.9, abs=0.1)


def test_water_fills_the_lowest_first() -> None:
    network = RadioNetwork(cells=1, users=1, subbands=3)
    network.reset(seed=1)
    shares = water_filling(network)[0]
    assert shares.sum() == pytest.approx(1.0)
    floor = network.interference[0] / network.gain[0, 0, 0]
    filled = shares * MAX_WATTS + floor
    wet = shares > 0
    np.testing.assert_allclose(filled[wet], filled[wet][0])
    assert (floor[~wet] >= filled[wet][0]).all()


def test_wmmse_keeps_the_limit_and_beats_full_power() -> None:
    network = RadioNetwork(cells=4, spacing=200.0)
    network.reset(seed=2)
    shares = wmmse(network)
    assert shares.sum(axis=1).max() <= 1 + 1e-9

    def utility(shares: np.ndarray) -> float:
        rate = network._rates(MAX_WATTS * shares)
        user = network.served(MAX_WATTS * max_power(network))[:, None]
        taken = np.take_along_axis(rate, user, axis=1)[:, 0]
        return float((taken / np.take_along_axis(network.average, user[:, 0], axis=1)).sum())

    assert utility(shares) > utility(max_power(network))


def test_the_order_of_the_baselines() -> None:
    """Where cells stand close, who coordinates gets more out of it, with less energy."""
    network = RadioNetwork(cells=4, spacing=200.0, steps=20)
    rng = np.random.default_rng(0)
    best, full, water, any_, none = (
        play(network, policy, episodes=4)
        for policy in (wmmse, max_power, water_filling, lambda n: random_power(n, rng), silent)
    )
    throughput, fairness, energy = 0, 1, 2
    assert best[throughput] > full[throughput]
    assert best[fairness] > full[fairness]
    assert best[energy] > full[energy]
    assert water[throughput] > 0.9 * full[throughput]
    assert none[throughput] == 0
    assert none[energy] > any_[energy]
