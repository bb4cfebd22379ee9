"""Random play with known consequences, and the slow way of turning it into experience."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from actor.step import RUNNING, TERMINATED, TRUNCATED, Consequence, Decision

SIZE, ACTIONS = 6, 5


@dataclass(frozen=True)
class Played:
    decisions: list[Decision]
    consequences: list[Consequence]


def random_play(steps: int, games: int, seed: int) -> Played:
    """Steps that fit together: what one step shows is what the next decides on."""
    rng = np.random.default_rng(seed)
    observation = rng.integers(0, 256, (steps + 1, games, SIZE)).astype(np.uint8)
    mask = rng.integers(0, 2, (steps + 1, games, ACTIONS)).astype(np.uint8)
    decisions, consequences = [], []
    for at in range(steps):
        status = rng.choice([RUNNING, TERMINATED, TRUNCATED], games, p=[0.7, 0.15, 0.15])
        truncated = np.flatnonzero(status == TRUNCATED)
        decisions.append(
            Decision(
                observation=observation[at],
                action_mask=mask[at],
                action=rng.integers(0, ACTIONS, games).astype(np.int8),
                logits=rng.standard_normal((games, ACTIONS)).astype(np.float32),
                policy_version=at,
                state=np.zeros((games, 0), np.float32),
                opponent=rng.integers(1, 9, games).astype(np.uint64),
            )
        )
        consequences.append(
            Consequence(
                reward=rng.standard_normal(games).astype(np.float32),
                status=status.astype(np.uint8),
                observation=observation[at + 1],
                action_mask=mask[at + 1],
                value=rng.standard_normal(games).astype(np.float32),
                success=status == TERMINATED,
                truncated_games=truncated,
                final_observation=rng.integers(0, 256, (len(truncated), SIZE)).astype(np.uint8),
                final_action_mask=rng.integers(0, 2, (len(truncated), ACTIONS)).astype(np.uint8),
                final_value=rng.standard_normal(len(truncated)).astype(np.float32),
            )
        )
    return Played(decisions, consequences)
