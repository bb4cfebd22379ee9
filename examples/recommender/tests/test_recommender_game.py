"""The recommender as an environment, its users, and the order of its baselines."""

from __future__ import annotations

import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from mazemesh_recommender import MODES, OBJECTIVES, SlateEnv, make
from mazemesh_recommender.baselines import BASELINES, expected_clicks, mmr, play
from mazemesh_recommender.environment import diversity
from mazemesh_recommender.user import User, unit


def test_the_api_of_gymnasium() -> None:
    check_env(make(), skip_render_check=True)


def test_a_seed_is_a_session() -> None:
    sums = [play(SlateEnv(), BASELINES["mmr"], episodes=3, seed=7) for _ in range(2)]
    np.testing.assert_array_equal(*sums)


def test_rewards_are_vectors_within_their_space() -> None:
    env = SlateEnv()
    env.reset(seed=1)
    env.action_space.seed(1)
    for _ in range(200):
        seen, reward, terminated, truncated, _ = env.step(env.action_space.sample())
        assert env.reward_space.contains(reward.astype(np.float32))
        assert env.observation_space.contains(seen)
        if terminated or truncated:
            env.reset()


def test_it_is_one_of_mo_gymnasiums_kind() -> None:
    wrappers = pytest.importorskip("mo_gymnasium.wrappers")
    env = wrappers.LinearReward(SlateEnv(), weight=np.array(MODES["balanced"]))
    ours = make()
    env.reset(seed=3), ours.reset(seed=3)
    action = np.array([0, 1, 2])
    theirs, own = env.step(action), ours.step(action)
    assert theirs[1] == pytest.approx(own[1])
    np.testing.assert_array_equal(theirs[4]["vector_reward"], own[4]["vector_reward"])


def test_weights_make_one_reward_of_it() -> None:
    env = make(mode="discovery")
    env.reset(seed=1)
    _, reward, _, _, info = env.step(np.array([0, 1, 2]))
    assert reward == pytest.approx(info["vector_reward"] @ MODES["discovery"])
    with pytest.raises(ValueError, match="mode: 'panic' is unknown; there are balanced"):
        make(mode="panic")


def test_an_item_named_twice_is_shown_once() -> None:
    env = SlateEnv()
    env.reset(seed=1)
    _, reward, _, _, info = env.step(np.array([4, 4, 4]))
    assert info["shown"].tolist() == [4]
    assert reward[OBJECTIVES.index("diversity")] == 0


def test_an_action_outside_is_refused() -> None:
    env = SlateEnv()
    env.reset(seed=1)
    with pytest.raises(ValueError, match=r"should be 3 of 0\.\.9"):
        env.step(np.array([0, 1, 10]))


def test_a_user_who_finds_nothing_leaves() -> None:
    env = SlateEnv(patience=2, steps=1000)
    env.reset(seed=0)
    for _ in range(1000):
        worst = np.argsort(env.user.click_chance(env.items))[:3]
        _, _, terminated, truncated, _ = env.step(worst)
        if terminated:
            assert not truncated
            return
    pytest.fail("stayed for a thousand slates of the worst")


def test_clicks_come_as_often_as_they_should() -> None:
    rng = np.random.default_rng(0)
    items = unit(rng.normal(size=(3, 5)))
    user = User(rng, 5)
    user.interest = items[0]
    chance = user.click_chance(items)
    clicks = 0
    for _ in range(4000):
        user.interest, user.satiation = items[0].copy(), np.zeros(5)
        clicks += int(user.respond(items, np.ones(3)).clicked.sum())
    assert clicks / 4000 == pytest.approx(expected_clicks(chance), rel=0.06)


def test_interests_are_drawn_to_what_is_enjoyed_and_sated_by_it() -> None:
    user = User(np.random.default_rng(1), 5)
    item = unit(user.interest + 0.3)[None]
    before, closeness = user.click_chance(item)[0], float(item[0] @ user.interest)
    user._move(item)
    assert np.linalg.norm(user.interest) == pytest.approx(1.0)
    assert user.satiation @ item[0] > 0
    for _ in range(30):
        user._move(item)
    assert item[0] @ user.interest > closeness
    assert user.click_chance(item)[0] < before, "enough of it"


def test_diversity() -> None:
    axes = np.eye(3)
    assert diversity(axes) == pytest.approx(1.0)
    assert diversity(axes[[0, 0]]) == 0
    assert diversity(np.array([[1.0, 0.0], [-1.0, 0.0]])) == 2.0
    assert diversity(axes[:1]) == 0


def test_mmr_without_a_trade_off_is_greedy() -> None:
    env = SlateEnv()
    seen, _ = env.reset(seed=2)
    seen, *_ = env.step(np.array([0, 1, 2]))
    np.testing.assert_array_equal(mmr(env, seen, 0.0), BASELINES["greedy"](env, seen))


def test_the_order_of_the_baselines() -> None:
    played = {name: play(SlateEnv(), policy) for name, policy in BASELINES.items()}
    clicks = {name: sums[0] for name, sums in played.items()}
    assert clicks["random"] < clicks["greedy"] < clicks["knowing"]
    assert played["mmr"][2] > played["greedy"][2], "more varied"
