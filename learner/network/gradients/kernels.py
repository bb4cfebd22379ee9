"""Compiled loops of the learner, for weights on the processor.

What torch does in forty small operations, each over a few thousand numbers, is one pass here. The
same in torch is beside them, for weights on a GPU (`learner.algorithms.ppo.update.surrogate`,
`learner.network.gradients.descent`); tests compare the two.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from learner.network.architecture import ILLEGAL
from mazemesh.machine_code import compiled as kept_on_disk

Function = TypeVar("Function", bound=Callable[..., Any])
Floats = npt.NDArray[np.float32]

# Sums may be taken in any order, but numbers that are none must stay recognizable.
_REORDER = {"reassoc", "contract", "arcp", "nsz", "afn"}


def compiled(signature: str) -> Callable[[Function], Function]:
    """Compiles when the module is loaded, or loads the machine code from the cache on disk."""
    return kept_on_disk(signature, fastmath=_REORDER, error_model="numpy", nogil=True)


@compiled(
    "void(f4[:,:], b1[:,:], i8[:], f4[:], f4[:], f4[:], f4[:,:], f4, f4, f4, f4, f4[:,:], f8[:])"
)
def surrogate(
    outputs: Floats,
    illegal: npt.NDArray[np.bool_],
    action: npt.NDArray[np.int64],
    behaviour: Floats,
    advantage: Floats,
    target: Floats,
    magnet: Floats,
    clip: float,
    value_cost: float,
    entropy_cost: float,
    magnet_cost: float,
    gradient: Floats,
    means: npt.NDArray[np.float64],
) -> None:
    """PPO's loss over n steps of A actions; the formulas are those of `ppo.surrogate`.

    Args:
        outputs: Of the network, [n, A + 1].
        illegal: [n, A].
        action: Taken, [n].
        behaviour: Log-probability of it under the policy that acted, [n].
        advantage: [n].
        target: Of the value, [n].
        magnet: Log-probabilities [n, A]; not read where `magnet_cost` is 0.
        clip: How far the ratio may move.
        value_cost: Weight of the value's squared error.
        entropy_cost: Weight of the entropy.
        magnet_cost: Weight of the divergence from the magnet.
        gradient: By the outputs, written, [n, A + 1].
        means: policy_loss, value_loss, entropy, kl, clip_fraction; written, [5].
    """
    n, actions = illegal.shape
    share = np.float32(1.0) / np.float32(n)
    policy = np.empty(actions, np.float32)
    means[:] = 0.0
    for i in range(n):
        # Until the end of the loop the gradient's row holds the policy's logarithm.
        log_policy = gradient[i]
        top = np.float32(-np.inf)
        for a in range(actions):
            log_policy[a] = ILLEGAL if illegal[i, a] else outputs[i, a]
            top = max(top, log_policy[a])
        total = np.float32(0.0)
        for a in range(actions):
            policy[a] = math.exp(log_policy[a] - top)
            total += policy[a]
        normalizer = top + math.log(total)
        entropy = divergence = np.float32(0.0)
        for a in range(actions):
            log_policy[a] -= normalizer
            policy[a] /= total
            entropy -= policy[a] * log_policy[a]
            if magnet_cost > 0:
                divergence += policy[a] * (log_policy[a] - magnet[i, a])

        log_ratio = log_policy[action[i]] - behaviour[i]
        ratio = math.exp(log_ratio)
        gain = ratio * advantage[i]
        clipped = min(max(ratio, np.float32(1.0) - clip), np.float32(1.0) + clip) * advantage[i]
        push = gain if gain <= clipped else np.float32(0.0)
        error = outputs[i, actions] - target[i]
        means[0] -= min(gain, clipped)
        means[1] += np.float32(0.5) * error * error
        means[2] += entropy
        means[3] += ratio - np.float32(1.0) - log_ratio
        means[4] += abs(ratio - np.float32(1.0)) > clip

        for a in range(actions):
            pull = push + entropy_cost * (log_policy[a] + entropy)
            if magnet_cost > 0:
                pull += magnet_cost * (log_policy[a] - magnet[i, a] - divergence)
            gradient[i, a] = share * policy[a] * pull
        gradient[i, action[i]] -= share * push
        gradient[i, actions] = share * value_cost * error
    means /= n


@compiled("void(f4[::1], f4[::1], f4[::1], f4[::1], f4, f4, f4, f4, f4, f4)")
def adam(
    vector: Floats,
    gradient: Floats,
    mean: Floats,
    square: Floats,
    mean_gain: float,
    square_gain: float,
    shrunk: float,
    rate: float,
    scale: float,
    eps: float,
) -> None:
    """`learner.network.gradients.descent.adam`; the gradient stays as it is."""
    for i in range(len(vector)):
        slope = gradient[i] * shrunk
        mean[i] += mean_gain * (slope - mean[i])
        square[i] += square_gain * (slope * slope - square[i])
        vector[i] -= rate * mean[i] / (math.sqrt(square[i]) * scale + eps)
