"""What a version of a policy earns, through the Game service."""

from __future__ import annotations

import numpy as np

from mazemesh.client.game.game import GameClient
from mazemesh.games import Purpose, seeds
from mazemesh.games.spaces.arrays import action_dtype, pack_actions
from mazemesh.policy.memory import SeatMemory
from mazemesh.policy.onnx_policy import OnnxPolicy

MOST_STEPS = 5_000
"""Of an episode; what is earned until then counts."""


def mean_return(
    client: GameClient, game: str, policy: OnnxPolicy, episodes: int, seed: int = 0
) -> float:
    """Of a seat, over so many episodes in which the policy holds all seats, actions drawn."""
    rng = np.random.default_rng(seed)
    number = seeds.seed(Purpose.TRAINING, seed)
    first = np.ones(episodes, np.bool_)
    with client.open_session(game, None, episodes, number) as session:
        step, spec = session.step, session.spec
        memory = SeatMemory(episodes, spec.seats)
        totals = np.zeros((episodes, spec.seats))
        for _ in range(MOST_STEPS):
            games, seats = np.nonzero(first[:, None] & _acting(step.acting, totals.shape))
            where = games, seats
            columns = {**step.observations, **step.action_masks}
            seen = policy.seen({name: column[where] for name, column in columns.items()})
            state = memory.read(games, seats, policy.state_size)
            decided, state = policy.act(*seen, state, rng=rng)
            memory.write(games, seats, state)
            actions = np.zeros(totals.shape, action_dtype(spec.action_space))
            actions[where] = pack_actions(policy.deciding.space, decided, (len(games),))
            session.send(actions)
            step = session.receive()
            totals += np.where(first[:, None], step.reward, 0.0)
            first[step.ended_games] = False
            if not first.any():
                break
    return float(totals.mean())


def _acting(told: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    return told if len(told) else np.ones(shape, np.bool_)
