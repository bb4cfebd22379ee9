"""Random play with known consequences, and what is left of it where seats leave their games."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from mazemesh.collecting.step import OVER, RUNNING, TERMINATED, TRUNCATED, Consequence, Decision

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


def with_gaps(played: Played, seed: int, state_size: int = 0) -> Played:
    """The same play, in which seats are done before their games: after some ends nothing happens.

    Steps of nobody are put between, differently in each game; what they hold is noise.
    """
    rng = np.random.default_rng(seed)
    games = len(played.decisions[0].action)
    gaps = [
        [
            int(rng.integers(0, 4)) if one.status[game] != RUNNING else 0
            for one in played.consequences
        ]
        for game in range(games)
    ]
    # Of each game, which step of the play is at which step here; -1: nobody's.
    order = [[at for step, gap in enumerate(own) for at in (step, *[-1] * gap)] for own in gaps]
    steps = min(map(len, order))
    noise = random_play(steps, games, seed + 1)
    return Played(
        [_decision(played, noise, order, at, state_size) for at in range(steps)],
        [_consequence(played, noise, order, at) for at in range(steps)],
    )


def _decision(
    played: Played, noise: Played, order: list[list[int]], at: int, state_size: int
) -> Decision:
    one = noise.decisions[at]
    state = np.full((len(order), state_size), 9, np.float32)
    fields = {"state": state}
    names = ("observation", "action_mask", "action", "logits", "opponent")
    fields |= {name: getattr(one, name).copy() for name in names}
    for game, steps in enumerate(order):
        if steps[at] >= 0:
            for name, array in fields.items():
                array[game] = getattr(played.decisions[steps[at]], name)[game]
    return replace(one, **fields, policy_version=at)


def _consequence(played: Played, noise: Played, order: list[list[int]], at: int) -> Consequence:
    """What it shows is what the next step here decides on."""
    one = noise.consequences[at]
    games = len(order)
    status = np.full(games, OVER, np.uint8)
    reward, value = one.reward.copy(), one.value.copy()
    success = np.zeros(games, np.bool_)
    observation, mask = one.observation.copy(), one.action_mask.copy()
    truncated, finals = [], []
    for game, steps in enumerate(order):
        before = next((step for step in reversed(steps[: at + 1]) if step >= 0), -1)
        if at + 1 == len(steps) or steps[at + 1] >= 0:
            shown = played.consequences[before]
            value[game] = shown.value[game]
            observation[game], mask[game] = shown.observation[game], shown.action_mask[game]
        if steps[at] < 0:
            continue
        same = played.consequences[steps[at]]
        status[game], reward[game] = same.status[game], same.reward[game]
        success[game] = same.success[game]
        if same.status[game] == TRUNCATED:
            row = int(np.flatnonzero(same.truncated_games == game)[0])
            truncated.append(game)
            finals.append(
                (same.final_observation[row], same.final_action_mask[row], same.final_value[row])
            )
    views, masks, values = zip(*finals, strict=True) if finals else ((), (), ())
    return Consequence(
        reward=reward,
        status=status,
        observation=observation,
        action_mask=mask,
        value=value,
        success=success,
        truncated_games=np.array(truncated, np.intp),
        final_observation=np.array(views, np.uint8).reshape(-1, SIZE),
        final_action_mask=np.array(masks, np.uint8).reshape(-1, ACTIONS),
        final_value=np.array(values, np.float32),
    )
