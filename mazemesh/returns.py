"""Returns, and the numbers of prioritized replay that actors and learner must agree on.

First priorities are what the learner would give under the acting network, so an actor computes
targets and errors as the learner does. Formulas with a place in a learner's loss stand there too,
in torch; tests compare them.
"""

from __future__ import annotations

from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.float32]

PRIORITY_FLOOR: Final = 1e-3
"""Added to every priority: what is learned without error must not be shut out for ever."""

EPSILON: Final = 1e-3
"""eps of `rescale`, as in Kapturowski et al. 2019, table 2."""

Array = TypeVar("Array", bound=Any)
"""A float, a numpy array or a torch tensor."""


def rescale(value: Array) -> Array:
    """A scale on which values of very different sizes can be learned by one network.

    h(x) = sign(x) (sqrt(|x| + 1) - 1) + eps x, element by element (Pohlen et al. 2018, Observe and
    look further, section 3.2), in a form without the difference of nearly equal numbers, which in
    float32 would cost all but four digits near 0.
    """
    result: Array = value / ((abs(value) + 1.0) ** 0.5 + 1.0) + EPSILON * value
    return result


def unscale(value: Array) -> Array:
    """The inverse of h (proposition A.2 there), in such a form too."""
    root = (1.0 + 4.0 * EPSILON * (abs(value) + 1.0 + EPSILON)) ** 0.5
    factor = 2.0 / (root + 1.0 + 2.0 * EPSILON)
    result: Array = factor * value * (factor * abs(value) + 2.0)
    return result


def importance_weights(
    probabilities: npt.NDArray[np.float64], table_size: int, exponent: float
) -> Float:
    """w_i = (N P(i))^-beta / max_j w_j, float32 [rows] (Schaul et al. 2016, section 3.4)."""
    weights = (table_size * probabilities) ** -exponent
    return np.asarray(weights / weights.max(), np.float32)


def n_step_targets(
    reward: Float,
    value: Float,
    terminated: npt.NDArray[np.bool_],
    truncated: npt.NDArray[np.bool_],
    *,
    n_step: int,
    discount: float,
) -> Float:
    """n-step returns over sequences in which episodes may end, float32 [B, T].

    The learner's own, in torch, is `learner.algorithms.r2d2.update.n_step_targets`.

    With G^0_t = V_t: G^k_t = r_t + gamma G^(k-1)_(t+1), or r_t where the episode terminated by step
    t; V_t at the end of the sequence and where the episode was truncated by step t.

    Args:
        reward: [B, T].
        value: V_t, [B, T + 1].
        terminated: [B, T].
        truncated: [B, T].
        n_step: n.
        discount: gamma.
    """
    result = value
    for _ in range(n_step):
        step = reward + discount * np.where(terminated, 0.0, result[:, 1:])
        result = np.concatenate([np.where(truncated, value[:, :-1], step), value[:, -1:]], axis=1)
    return np.asarray(result[:, :-1], np.float32)
