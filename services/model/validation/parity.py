"""Whether a network answers what its publisher's own did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from mazemesh.policy.file.rejection import Rejection

TOLERANCE: Final = 1e-4
"""Largest difference allowed, in units of max(1, |expected|)."""

MASKED_LOGIT: Final = -1e8
"""Logits of illegal actions are at most this."""

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Parity:
    """Observations and what the publisher's own network answers to them, for n >= 1 rows.

    Attributes:
        given: Inputs by their names in the file, [n, ...]: observations, masks (uint8, 1 where
            legal, at least one in each choice), state (float32 [n, state_size]).
        expected: Outputs by their names, float32 [n, ...]: of the heads, value [n], next_state.
            Finite where they count.
        masks: Names of the inputs that mask outputs, by the outputs' names: what is forbidden does
            not count.
        choices: How many there are to choose from in each part of an output, by its name; of a
            masked output without them all of it is one choice.
    """

    given: Mapping[str, npt.NDArray[Any]]
    expected: Mapping[str, Floats]
    masks: Mapping[str, str]
    choices: Mapping[str, tuple[int, ...]] = field(default_factory=dict)

    def choices_of(self, name: str) -> Iterator[slice]:
        """The parts of an output of which each is a choice; none of other outputs."""
        if name not in self.masks:
            return
        first = 0
        for count in self.choices.get(name, (self.expected[name].shape[1],)):
            yield slice(first, first + count)
            first += count

    def __len__(self) -> int:
        return len(self.expected["value"])

    def inputs(self, rows: Rows) -> dict[str, npt.NDArray[np.generic]]:
        """What to feed a network for the rows of these numbers."""
        return {name: array[rows] for name, array in self.given.items()}

    def compare(
        self, outputs: Mapping[str, npt.NDArray[np.generic]], rows: Rows, how: str = ""
    ) -> float:
        """Checks a network's answers for the rows of these numbers, got as `how` says.

        The greedy action needs no check of its own: with every legal logit within the tolerance it
        can only differ between actions that are as good as tied.

        Returns:
            The largest difference, in units of max(1, |expected|).

        Raises:
            Rejection: a shape, a value that is not finite, the logit of an illegal action, or a
                difference above `TOLERANCE`; names where and how much.
        """
        worst = 0.0
        for name, expected in self.expected.items():
            got = _shaped(name, outputs, expected[rows])
            counts = np.ones(got.shape, bool)
            if name in self.masks:
                counts = self.given[self.masks[name]][rows] == 1
                above = np.where(counts, -np.inf, got)  # a NaN is not at most anything
                wrong = ~(above <= MASKED_LOGIT)
                _require("masking", wrong, name, got, f"at most {MASKED_LOGIT:g}")
            worst = max(worst, self._compare(name, got, expected[rows], rows, counts, how))
        return worst

    def _compare(
        self,
        name: str,
        got: Floats,
        expected: Floats,
        rows: Rows,
        counts: npt.NDArray[np.bool_],
        how: str,
    ) -> float:
        _require("finite", counts & ~np.isfinite(got), name, got, "a finite number")
        expected = np.where(counts, expected, 0).astype(np.float64)
        difference = np.abs(np.where(counts, got, 0) - expected)
        excess = difference / np.maximum(1, np.abs(expected))
        worst = np.unravel_index(np.argmax(excess), excess.shape)
        if excess[worst] > TOLERANCE:
            row, *rest = (int(index) for index in worst)
            raise Rejection(
                "parity",
                f"{name}{[int(rows[row]), *rest]} is {got[worst]:.7g} at batch {len(got)}"
                f"{f' {how}' if how else ''}, the publisher's network says "
                f"{expected[worst]:.7g}; they differ by {difference[worst]:.3g}, allowed is "
                f"{TOLERANCE:g} * max(1, |x|)",
                float(excess[worst]),
            )
        return float(excess[worst])


def _shaped(name: str, outputs: Mapping[str, npt.NDArray[np.generic]], expected: Floats) -> Floats:
    got = outputs[name]
    if got.shape != expected.shape:
        raise Rejection(
            "shape", f"{name} came as {list(got.shape)}; expected {list(expected.shape)}"
        )
    return got.astype(np.float32, copy=False)


def _require(
    check: str, wrong: npt.NDArray[np.bool_], name: str, got: Floats, expected: str
) -> None:
    count = int(np.count_nonzero(wrong))
    if count:
        first = tuple(int(index) for index in np.argwhere(wrong)[0])
        raise Rejection(
            check,
            f"{count} of {got.size} {name} at batch {len(got)} are wrong, the first one is "
            f"{name}{list(first)} = {got[first]:.7g}; expected {expected}",
        )
