"""A few numbers of each row of a column, and how a policy's answers become columns of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import e, log, pi
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from services.model.inference.layout import VALUE

Array = npt.NDArray[Any]
Choices = Mapping[str, tuple[int, ...]]
"""How many there are to choose from in each part of an output, by its name."""

MEAN: Final = -1
"""In place of an element: the mean of a row."""

MOST_ELEMENTS: Final = 24
MOST_COLUMNS: Final = 64
_MOST_OF_MEAN: Final = 1024
_GAUSSIAN: Final = 0.5 * log(2 * pi * e)
"""Entropy of a standard normal distribution, in nats."""

ENTROPY: Final = "entropy"
BEST: Final = "best"


def chosen_elements(column: Array, most: int) -> tuple[int, ...]:
    """Which elements of a column's rows to look at: two in three vary most, others are spread."""
    flat = _flat(column)
    width = flat.shape[1]
    if width <= most:
        return tuple(range(width))
    varied = np.argsort(-flat.astype(np.float64).var(axis=0), kind="stable")[: 2 * most // 3]
    spread = np.linspace(0, width - 1, most - len(varied)).astype(int)
    return tuple(sorted({int(one) for one in (*varied, *spread)}))


def values_of(column: Array, elements: Sequence[int]) -> Array:
    """float64 [rows, len(elements)]: those elements, or means, of each row."""
    flat = _flat(column)
    step = -(-flat.shape[1] // _MOST_OF_MEAN)
    found = np.empty((len(flat), len(elements)))
    plain = [place for place, one in enumerate(elements) if one != MEAN]
    found[:, plain] = flat[:, [elements[place] for place in plain]]
    for place, one in enumerate(elements):
        if one == MEAN:
            found[:, place] = flat[:, ::step].mean(axis=1)
    return found


def answered_columns(
    outputs: Mapping[str, Array], choices: Choices, *, greedy: bool
) -> Iterator[tuple[str, Array]]:
    """What a policy's answers say, by column: `value`, `entropy` of its actions, `best` of each.

    Args:
        outputs: Of the file by name, [rows, ...].
        choices: Outputs of which a part is a choice; others are no logits.
        greedy: They are Q-values, which have no entropy.
    """
    if VALUE in outputs:
        yield VALUE, outputs[VALUE].reshape(-1, 1)
    entropy, best = [], []
    for name, counts in choices.items():
        logits, first = outputs[name].astype(np.float64), 0
        for count in counts:
            part = logits[:, first : first + count]
            best.append(part.argmax(axis=1))
            entropy.append(_entropy(part))
            first += count
    for name, output in outputs.items():
        if name.partition(".")[0] == "log_std":
            deviations = output.reshape(len(output), -1)
            entropy.append(deviations.sum(axis=1) + _GAUSSIAN * deviations.shape[1])
    if entropy and not greedy:
        yield ENTROPY, np.sum(entropy, axis=0).reshape(-1, 1)
    if best:
        yield BEST, np.stack(best[:MOST_ELEMENTS], axis=1)


def _entropy(logits: Array) -> Array:
    """Of softmax of each row, in nats; what is forbidden has no share."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    weights = np.exp(shifted)
    total = weights.sum(axis=1)
    found: Array = np.log(total) - (weights * shifted).sum(axis=1) / total
    return found


def _flat(column: Array) -> Array:
    return column.reshape(len(column), -1)
