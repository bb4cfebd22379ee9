"""What policies would do in situations that are the same for all of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from mazemesh.games import Game, GameSettings, Purpose, seeds
from mazemesh.games.bots import RANDOM
from mazemesh.games.engines import new_engine
from mazemesh.policy.onnx_policy import Float, OnnxPolicy


@dataclass(frozen=True)
class HeldOutPlay:
    """What n seats saw in T steps of play that no policy took part in.

    Attributes:
        observation: [T, n, D].
        action_mask: uint8 [T, n, A].
        begins: Whether an episode begins at the step, bool [T, n].
    """

    observation: npt.NDArray[Any]
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
            nothing = np.zeros((games, seats), np.int8)
            seen, masks, begins = [], [], []
            ended = np.ones(games, bool)
            for _ in range(steps):
                seen.append(engine.observation.reshape(-1, engine.observation.shape[-1]).copy())
                masks.append(engine.action_mask.reshape(-1, engine.action_mask.shape[-1]).copy())
                begins.append(np.repeat(ended, seats))
                engine.step(nothing)
                ended = engine.terminated | engine.truncated
        finally:
            engine.close()
        return cls(np.array(seen), np.array(masks), np.array(begins))


class Answered(NamedTuple):
    """A step of held-out play and a policy's answer to it; what `OnnxPolicy.infer` gets and gives.

    Rows are the n seats.
    """

    observation: npt.NDArray[Any]
    action_mask: npt.NDArray[np.uint8]
    state: Float
    logits: Float
    value: Float
    next_state: Float


def answers(policy: OnnxPolicy, play: HeldOutPlay) -> Iterator[Answered]:
    """A policy's answers step by step; each seat remembers what it saw before in its episode."""
    state = np.zeros((play.begins.shape[1], policy.state_size), np.float32)
    for observation, mask, begins in zip(
        play.observation, play.action_mask, play.begins, strict=True
    ):
        state = np.where(begins[:, None], np.float32(0), state)
        answered = Answered(observation, mask, state, *policy.infer(observation, mask, state))
        state = answered.next_state
        yield answered


def action_probabilities(policy: OnnxPolicy, play: HeldOutPlay) -> npt.NDArray[np.float64]:
    """What a policy would do at each step, [T * n, A].

    softmax(logits), or all on the best action where they are Q-values.
    """
    logits = np.concatenate([one.logits for one in answers(policy, play)]).astype(np.float64)
    if policy.greedy:
        best: npt.NDArray[np.float64] = np.eye(logits.shape[1])[logits.argmax(axis=1)]
        return best
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: npt.NDArray[np.float64] = weights / weights.sum(axis=1, keepdims=True)
    return shares
