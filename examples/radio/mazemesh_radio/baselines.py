"""What one would do without learning, and how well that goes.

Each policy gets the environment itself: `max_power` and `water_filling` look at what their own cell
may know, `wmmse` at all channels, which no cell of a real network could.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from mazemesh.optimization.problems.radio import MAX_WATTS
from mazemesh_radio.channel import Floats
from mazemesh_radio.environment import OBJECTIVES, RadioNetwork

Policy = Callable[[RadioNetwork], Floats]
"""Shares of the power, [cells, subbands]."""


def max_power(network: RadioNetwork) -> Floats:
    """All of it, evenly."""
    return np.full((network.cells, network.subbands), 1.0 / network.subbands)


def silent(network: RadioNetwork) -> Floats:
    """Nothing."""
    return np.zeros((network.cells, network.subbands))


def random_power(network: RadioNetwork, rng: np.random.Generator) -> Floats:
    """Any shares."""
    return rng.random((network.cells, network.subbands))


def water_filling(network: RadioNetwork) -> Floats:
    """Each cell fills its subbands up to a level of its own: p = max(0, level - noise / gain).

    Noise is what its users met in the last step; the gain is the best of its users' (Cover and
    Thomas, Elements of Information Theory, section 9.4).
    """
    own = np.einsum("ccus->cus", network.gain).max(axis=1)
    floor = network.interference / own
    return np.asarray(np.stack([_filled(row, MAX_WATTS) for row in floor]) / MAX_WATTS)


def _filled(floor: Floats, total: float) -> Floats:
    """Powers that add up to `total`, poured over a floor."""
    ordered = np.sort(floor)
    for count in range(len(floor), 0, -1):
        level = (total + ordered[:count].sum()) / count
        if level > ordered[count - 1]:
            return np.asarray(np.maximum(level - floor, 0.0))
    raise AssertionError("the lowest one is always filled")


def wmmse(network: RadioNetwork, iterations: int = 30) -> Floats:
    """Powers that make sum of rate / (average rate) large, all cells together.

    Weighted minimum mean square error (Shi, Razaviyayn, Luo and He, IEEE Trans. Signal Processing
    59(9), 2011, table I) for one antenna on each side, where receiver, weight and power of a link
    with amplitude h are

        u = h_ii v_i / (sum_j h_ij^2 v_j^2 + noise),   w = 1 / (1 - u h_ii v_i),
        v = a_i w_i u_i h_ii / (sum_j a_j w_j u_j^2 h_ji^2 + mu),

    with a_i = 1 / average rate of the user who is served, and mu >= 0 so that a cell's power over
    all subbands is within its limit. It starts from full power, serving whom the scheduler would.
    """
    power = MAX_WATTS * max_power(network)
    user = network.served(power)
    cells, subbands = np.arange(network.cells), np.arange(network.subbands)
    # [to, from, subband]: amplitude from a cell to the user whom another one serves.
    gain = network.gain[:, cells[:, None], user, subbands[None]].swapaxes(0, 1)
    amplitude = np.sqrt(gain / network.noise)  # noise is 1
    own = np.einsum("iis->is", amplitude)
    weight = 1.0 / np.maximum(np.take_along_axis(network.average, user, axis=1), 0.01)
    sent = np.sqrt(power)
    for _ in range(iterations):
        received = np.einsum("ijs,js->is", amplitude**2, sent**2) + 1.0
        receiver = own * sent / received
        trust = 1.0 / np.maximum(1.0 - receiver * own * sent, 1e-12)
        wanted = weight * trust * receiver * own
        harm = np.einsum("js,jis->is", weight * trust * receiver**2, amplitude**2)
        sent = np.stack([_within(*row) for row in zip(wanted, harm, strict=True)])
    return np.asarray(sent**2 / MAX_WATTS)


def _within(wanted: Floats, harm: Floats) -> Floats:
    """Wanted / (harm + mu) with the least mu >= 0 whose squares add up to the limit at most."""

    def sent(mu: float) -> Floats:
        return wanted / np.maximum(harm + mu, 1e-300)

    if (sent(0.0) ** 2).sum() <= MAX_WATTS:
        return sent(0.0)
    low, high = 0.0, float(np.linalg.norm(wanted)) / np.sqrt(MAX_WATTS) + 1e-300
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if (sent(middle) ** 2).sum() > MAX_WATTS else (low, middle)
    return sent(high)


def play(network: RadioNetwork, policy: Policy, episodes: int = 10, seed: int = 0) -> Floats:
    """Mean of a step's rewards by objective, over whole episodes; [3]."""
    total, steps = np.zeros(len(OBJECTIVES)), 0
    for episode in range(episodes):
        network.reset(seed=seed + episode)
        while network.agents:
            shares = policy(network).astype(np.float32)
            actions: dict[str, npt.NDArray[np.float32]]
            actions = dict(zip(network.agents, np.clip(shares, 0, 1), strict=True))
            _, rewards, *_ = network.step(actions)
            total += rewards[network.possible_agents[0]]
            steps += 1
    return total / steps
