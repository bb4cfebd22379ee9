"""From logits to actions, for whole batches."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Float = npt.NDArray[np.float32]
Actions = npt.NDArray[np.int8] | npt.NDArray[np.int32]
"""int32 of games with more than 127 actions, as their column is."""

LARGEST_INT8 = 127


def sample(logits: Float, temperature: float, rng: np.random.Generator) -> Actions:
    """Draws from softmax(logits / temperature) by the Gumbel-max trick; 0 is greedy.

    Args:
        logits: [n, A]; illegal actions at -1e8 or below.
        temperature: 0 takes the first best action.
        rng: Source of the noise.

    Returns:
        Actions [n].
    """
    if temperature == 0.0:
        return best(logits)
    return best(logits / np.float32(temperature) + gumbel_noise(logits.shape, rng))


def gumbel_noise(shape: tuple[int, ...], rng: np.random.Generator) -> Float:
    """Standard Gumbel variables: argmax(logits + noise) is a draw from softmax(logits)."""
    noise = rng.standard_exponential(shape, dtype=np.float32)
    # It can be exactly 0, whose logarithm would let an illegal action win.
    np.maximum(noise, np.finfo(np.float32).tiny, out=noise)
    np.log(noise, out=noise)
    # -log(E) of a standard exponential E is a standard Gumbel variable.
    return np.negative(noise, out=noise)


def perturbed_best(logits: Float, noise: Float) -> Actions:
    """The action [n] of the highest sum of logits and noise [n, A]."""
    return best(logits + noise)


def log_probability(logits: Float, actions: Actions) -> Float:
    """Log-probability [n] of actions [n] under softmax(logits [n, A])."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    normaliser = np.log(np.exp(shifted).sum(axis=1))
    chosen: Float = shifted[np.arange(len(actions)), actions] - normaliser
    return chosen


def epsilon_greedy(
    values: Float, mask: npt.NDArray[np.uint8], epsilon: Float, rng: np.random.Generator
) -> Actions:
    """The best legal action [n], or with probability epsilon [n] any legal one.

    Args:
        values: Q-values [n, A]; illegal actions at -1e8 or below.
        mask: [n, A], 1 = legal.
        epsilon: [n].
        rng: Source of the draws.
    """
    actions = best(values)
    explore = rng.random(len(actions), dtype=np.float32) < epsilon
    if explore.any():
        legal = np.where(mask[explore] == 1, rng.random((int(explore.sum()), mask.shape[1])), -1.0)
        actions[explore] = legal.argmax(axis=1)
    return actions


def ape_x_epsilons(count: int, base: float, exponent: float) -> Float:
    """base^(1 + i / (count - 1) * exponent) for i = 0..count-1 (Horgan et al. 2018, section 4)."""
    position = np.arange(count) / max(count - 1, 1)
    return (base ** (1.0 + position * exponent)).astype(np.float32)


def best(values: Float) -> Actions:
    """The action [n] of the highest value [n, A], the first of equal ones."""
    kind = np.int8 if values.shape[1] <= LARGEST_INT8 else np.int32
    actions: Actions = values.argmax(axis=1).astype(kind)
    return actions
