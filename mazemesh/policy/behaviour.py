"""What policies would do in situations that are the same for all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from mazemesh.errors import InvalidArgument
from mazemesh.games import Game, GameSettings, Purpose, seeds
from mazemesh.games.bots import RANDOM
from mazemesh.games.engines import new_engine
from mazemesh.games.spaces import Discrete
from mazemesh.games.spaces.arrays import action_dtype
from mazemesh.policy.onnx_policy import Float, Observation, OnnxPolicy


@dataclass(frozen=True)
class HeldOutPlay:
    """What n seats saw in T steps of play that no policy took part in.

    Attributes:
        observation: [T, n, ...]; of several leaves by column.
        action_mask: uint8 [T, n, A]; of several leaves the masks of all, [T, n, M].
        begins: Whether an episode begins at the step, bool [T, n].
    """

    observation: Observation
    action_mask: npt.NDArray[np.uint8]
    begins: npt.NDArray[np.bool_]

    @classmethod
    def record(cls, game: Game, settings: GameSettings, games: int, steps: int) -> HeldOutPlay:
        """Random legal play on mazes that training never sees.

        Raises:
            InvalidArgument: settings that do not fit the game.
        """
        engine = new_engine(game, settings, games)
        try:
            engine.next_controller[:] = RANDOM
            engine.reset(None, seed=[seeds.seed(Purpose.TEST, number) for number in range(games)])
            seats = engine.spec.seats
            nothing = np.zeros((games, seats), action_dtype(engine.spec.action_space))
            seen: dict[str, list[npt.NDArray[Any]]] = {name: [] for name in engine.observations}
            masks, begins = [], []
            ended = np.ones(games, bool)
            for _ in range(steps):
                for name, column in engine.observations.items():
                    seen[name].append(column.reshape(-1, *column.shape[2:]).copy())
                parts = [mask.reshape(games * seats, -1) for mask in engine.action_masks.values()]
                none = np.zeros((games * seats, 0), np.uint8)
                masks.append(np.concatenate([none, *parts], axis=1))
                begins.append(np.repeat(ended, seats))
                engine.step(nothing)
                ended = engine.terminated | engine.truncated
        finally:
            engine.close()
        columns = {name: np.array(rows) for name, rows in seen.items()}
        observed = next(iter(columns.values())) if len(columns) == 1 else columns
        return cls(observed, np.array(masks), np.array(begins))

    def observed(self, step: int) -> Observation:
        """What was seen at a step, [n, ...]."""
        if isinstance(self.observation, Mapping):
            return {name: column[step] for name, column in self.observation.items()}
        shown: npt.NDArray[Any] = self.observation[step]
        return shown


class Answered(NamedTuple):
    """A step of held-out play and a policy's answer to it; what `OnnxPolicy.infer` gets and gives.

    Rows are the n seats.
    """

    observation: Observation
    action_mask: npt.NDArray[np.uint8]
    state: Float
    logits: Float
    value: Float
    next_state: Float


def answers(policy: OnnxPolicy, play: HeldOutPlay) -> Iterator[Answered]:
    """A policy's answers step by step; each seat remembers what it saw before in its episode."""
    state = np.zeros((play.begins.shape[1], policy.state_size), np.float32)
    for step, (mask, begins) in enumerate(zip(play.action_mask, play.begins, strict=True)):
        observation = play.observed(step)
        state = np.where(begins[:, None], np.float32(0), state)
        answered = Answered(observation, mask, state, *policy.infer(observation, mask, state))
        state = answered.next_state
        yield answered


def action_probabilities(policy: OnnxPolicy, play: HeldOutPlay) -> npt.NDArray[np.float64]:
    """What a policy would do at each step, [T * n, A].

    softmax(logits), or all on the best action where they are Q-values.

    Raises:
        InvalidArgument: its actions are not one number.
    """
    if not isinstance(policy.deciding.space, Discrete):
        raise InvalidArgument(
            f"policy {policy.reference} has other actions than one number, whose probabilities are "
            "not compared"
        )
    logits = np.concatenate([one.logits for one in answers(policy, play)]).astype(np.float64)
    if policy.greedy:
        best: npt.NDArray[np.float64] = np.eye(logits.shape[1])[logits.argmax(axis=1)]
        return best
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: npt.NDArray[np.float64] = weights / weights.sum(axis=1, keepdims=True)
    return shares
