"""A policy's answers to held-out play: what other forms of its file, and runners, are held to."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mazemesh.games import Game, GameSettings
from mazemesh.policy.behaviour import Answered, HeldOutPlay, answers
from mazemesh.policy.deciding import Actions
from mazemesh.policy.heads import heads, parts_of
from mazemesh.policy.onnx_policy import OnnxPolicy
from mazemesh.policy.publishing import observed_columns

_GAMES, _STEPS = 16, 17
_SHOWN = 16
_MOST_BYTES = 2**20
"""Of the examples' inputs; of wide ones there are fewer examples."""

Columns = dict[str, npt.NDArray[Any]]


@dataclass(frozen=True)
class Agreement:
    """How another form of a policy's file answers.

    Attributes:
        rows: Compared.
        largest_difference: Of any answer x, in units of max(1, |x|).
        same_actions: Share of rows on which the likeliest action is the same; each number of a
            continuous one within a hundredth.
    """

    rows: int
    largest_difference: float
    same_actions: float


class Examples:
    """Held-out play of a policy, with its answers.

    Attributes:
        inputs: Of the ONNX file by name, [rows, ...].
        outputs: Of the file by name, float32 [rows, ...].
    """

    def __init__(self, policy: OnnxPolicy, game: Game, settings: GameSettings) -> None:
        """Plays at random on mazes that training never sees.

        Raises:
            InvalidArgument: settings that do not fit the game.
        """
        play = HeldOutPlay.record(game, settings, _GAMES, _STEPS)
        self._policy = policy
        self._steps = list(answers(policy, play))
        named = [self._columns(one) for one in self._steps]
        self.inputs, self.outputs = (
            {name: np.concatenate([step[kind][name] for step in named]) for name in named[0][kind]}
            for kind in (0, 1)
        )

    def __len__(self) -> int:
        """How many rows."""
        return len(self.outputs["value"])

    def compare(self, other: OnnxPolicy) -> Agreement:
        """How another form of the file answers them."""
        worst, same = 0.0, 0
        for one in self._steps:
            again = other.infer(one.observation, one.action_mask, one.state)
            for expected, answer in zip(
                (one.logits, one.value, one.next_state), again, strict=True
            ):
                gap = np.abs(answer - expected) / np.maximum(1, np.abs(expected))
                worst = max(worst, float(gap.max(initial=0)))
            best = self._policy.deciding.best
            same += int(_alike(best(one.logits), best(again[0])).sum())
        return Agreement(len(self), worst, same / len(self))

    def lines(self) -> Iterator[str]:
        """Some rows from all over the play, each as JSON: its `inputs` and `outputs`."""
        width = sum(column[0].nbytes for column in self.inputs.values())
        count = max(1, min(_SHOWN, len(self), _MOST_BYTES // max(1, width)))
        for row in np.linspace(0, len(self) - 1, count).astype(int):
            told = {
                kind: {name: column[row].tolist() for name, column in columns.items()}
                for kind, columns in (("inputs", self.inputs), ("outputs", self.outputs))
            }
            yield json.dumps(told, separators=(",", ":"))

    def _columns(self, one: Answered) -> tuple[Columns, Columns]:
        parts = heads(self._policy.deciding.space)
        inputs: Columns = dict(observed_columns(one.observation))
        inputs |= {head.mask: one.action_mask[:, head.masks] for head in parts if head.mask}
        outputs: Columns = {name: one.logits[:, part] for name, part in parts_of(parts)}
        outputs["value"] = one.value
        if one.state.shape[1]:
            inputs["state"], outputs["next_state"] = one.state, one.next_state
        return inputs, outputs


def _alike(first: Actions, second: Actions) -> npt.NDArray[np.bool_]:
    """Whether actions are the same, bool [n]; continuous ones within a hundredth."""
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        alike = [_alike(first[name], second[name]) for name in first]
        found: npt.NDArray[np.bool_] = np.logical_and.reduce(alike)
        return found
    one, other = (np.asarray(each).reshape(len(each), -1) for each in (first, second))
    near = np.abs(one - other) <= 0.01 if one.dtype == np.float32 else one == other
    alike_rows: npt.NDArray[np.bool_] = np.all(near, axis=1)
    return alike_rows
