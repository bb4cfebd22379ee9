"""What one would do without learning, and how well that goes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import numpy.typing as npt

from mazemesh_recommender.environment import OBJECTIVES, Observation, SlateEnv
from mazemesh_recommender.user import PATIENCE, Floats

Policy = Callable[[SlateEnv, Observation], npt.NDArray[np.int64]]
"""The slate for what is observed."""


def random_slate(
    env: SlateEnv, seen: Observation, rng: np.random.Generator
) -> npt.NDArray[np.int64]:
    """Any candidates, none twice."""
    return np.asarray(rng.permutation(env.candidates)[: env.slate])


def greedy(env: SlateEnv, seen: Observation) -> npt.NDArray[np.int64]:
    """Those most like what was clicked, the better ones first where they are alike."""
    return np.asarray(np.argsort(-_relevance(seen), kind="stable")[: env.slate])


def mmr(env: SlateEnv, seen: Observation, trade_off: float = 0.5) -> npt.NDArray[np.int64]:
    """Maximal marginal relevance (Carbonell and Goldstein, SIGIR 1998, equation 1).

    Position after position, the candidate with the highest (1 - trade_off) * relevance - trade_off
    * (largest similarity to one that is shown already).
    """
    items, relevance = _items(seen), _relevance(seen)
    chosen: list[int] = []
    while len(chosen) < env.slate:
        alike = (items @ items[chosen].T).max(axis=1) if chosen else np.zeros(len(items))
        value = (1 - trade_off) * relevance - trade_off * alike
        value[chosen] = -np.inf
        chosen.append(int(value.argmax()))
    return np.array(chosen)


def knowing(env: SlateEnv, seen: Observation) -> npt.NDArray[np.int64]:
    """What the user will most likely click, by interests that no recommender sees: a bound."""
    return np.asarray(np.argsort(-env.user.click_chance(env.items), kind="stable")[: env.slate])


BASELINES: dict[str, Policy] = {
    "random": partial(random_slate, rng=np.random.default_rng(0)),
    "greedy": greedy,
    "mmr": mmr,
    "knowing": knowing,
}
"""By name."""


def expected_clicks(chance: Floats) -> float:
    """Of a slate, by the chance of a click on each of its items when it is seen."""
    return float((chance * PATIENCE ** np.arange(len(chance))).sum())


def play(env: SlateEnv, policy: Policy, episodes: int = 50, seed: int = 0) -> Floats:
    """Sum of an episode's rewards by objective, mean over episodes; [3]."""
    total = np.zeros(len(OBJECTIVES))
    for episode in range(episodes):
        seen, _ = env.reset(seed=seed + episode)
        over = False
        while not over:
            seen, reward, terminated, truncated, _ = env.step(policy(env, seen))
            total += reward
            over = terminated or truncated
    return total / episodes


def _items(seen: Observation) -> Floats:
    return np.asarray(seen["candidates"][:, :-2], np.float64)


def _relevance(seen: Observation) -> Floats:
    taste = np.asarray(seen["taste"], np.float64)
    known = taste / max(1.0, float(np.linalg.norm(taste)))
    quality = np.asarray(seen["candidates"][:, -2], np.float64)
    return np.asarray(_items(seen) @ known + 0.05 * quality)
