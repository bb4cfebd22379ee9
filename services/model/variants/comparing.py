"""How a form of a file answers what its version was validated on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from mazemesh.policy.file.rejection import Rejection
from mazemesh.policy.file.variants import MOST_DIFFERENCE
from services.model.validation.parity import MASKED_LOGIT, Parity, Rows

SINGLE_ROWS: Final = 4
"""Rows that are run one by one too: batches must not change what a row is answered."""

_ROW_TOLERANCE: Final = 1e-4
"""Between a row alone and among others; a sum in another order makes a little."""

Outputs = Mapping[str, npt.NDArray[Any]]
Run = Callable[[Rows], Outputs]
"""The form's answers to the rows of these numbers, by name."""


class Agreement(NamedTuple):
    """Largest difference of any answer x in units of max(1, |x|), and share of same choices."""

    largest_difference: float
    same_choices: float


def compared(kind: str, parity: Parity, run: Run) -> Agreement:
    """Runs a form on all parity rows, and some of them one by one.

    Raises:
        Rejection: a shape is another, a number is not finite, the logit of an illegal action is
            above what it may be, a row depends on those beside it, or answers differ by more than
            the kind may.
    """
    rows = np.arange(len(parity))
    outputs = run(rows)
    worst, same, choices = 0.0, 0, 0
    for name, expected in parity.expected.items():
        got = outputs[name]
        if got.shape != expected.shape:
            raise Rejection(
                "shape", f"{name} came as {list(got.shape)}; expected {list(expected.shape)}"
            )
        counts = np.ones(got.shape, bool)
        if name in parity.masks:
            counts = parity.given[parity.masks[name]] == 1
            if not np.where(counts, -np.inf, got).max(initial=-np.inf) <= MASKED_LOGIT:
                raise Rejection("masking", f"{name} of an illegal action is above {MASKED_LOGIT:g}")
        if not np.isfinite(got[counts]).all():
            raise Rejection("finite", f"{name} has numbers that are not finite")
        wanted = expected[counts].astype(np.float64)
        gap = np.abs(got[counts] - wanted) / np.maximum(1.0, np.abs(wanted))
        worst = max(worst, float(gap.max(initial=0.0)))
        for part in parity.choices_of(name):
            legal = counts[:, part]
            ours, theirs = (np.where(legal, one[:, part], -np.inf) for one in (got, expected))
            same += int((ours.argmax(axis=1) == theirs.argmax(axis=1)).sum())
            choices += len(rows)
    if worst > MOST_DIFFERENCE[kind]:
        raise Rejection(
            "parity",
            f"its answers differ by {worst:.3g} from the publisher's (in units of max(1, |x|)); "
            f"{kind} may by {MOST_DIFFERENCE[kind]:g}",
        )
    _check_alone(outputs, rows, run)
    return Agreement(worst, same / choices if choices else 1.0)


def _check_alone(outputs: Outputs, rows: Rows, run: Run) -> None:
    for row in rows[:: max(1, len(rows) // SINGLE_ROWS)]:
        alone = run(np.array([row]))
        for name, answer in alone.items():
            beside = outputs[name][row : row + 1]
            gap = np.abs(answer - beside) / np.maximum(1.0, np.abs(beside))
            if not float(gap.max(initial=0.0)) <= _ROW_TOLERANCE:
                raise Rejection("rows", f"{name} of a row alone is another than among others")
