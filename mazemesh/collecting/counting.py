"""Counts episodes beside a collector whose rows do not tell of them.

Transitions and sequences are drawn by chance, some often and some never: only who plays knows what
the episodes were. Unrolls hold every step once, so a learner may count in them; but an episode that
is longer than many batches begins in one and ends in another.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

import numpy as np

from mazemesh.collecting.step import OVER, RUNNING, Consequence, Decision, Experience
from mazemesh.episode_totals import NO_EPISODES, EpisodeTotals
from mazemesh.games.registry import is_own
from mazemesh.v1.model_pb2 import Collection
from mazemesh.wire.tensors import Signature


def told_beside(collection: Collection) -> bool:
    """Whether who plays tells of episodes, or the rows themselves.

    Unrolls of mazes do: their episodes are short, and no step of an actor is to cost more. So do
    those of a run in lockstep, whose record is the same each time.
    """
    if not collection.HasField("unroll"):
        return True
    return not (collection.lockstep or is_own(collection.game))


class Collects(Protocol):
    """What is counted beside (`mazemesh.collecting.acting.Collector`)."""

    signature: Signature

    def add(self, decision: Decision, consequence: Consequence) -> Experience | None:
        """Adds one step of all games; rows when a batch of them is full."""
        ...

    def clear(self) -> None:
        """Forgets what is unfinished."""
        ...


class CountingCollector:
    """A collector whose experience tells of the episodes that ended since the experience before.

    Args:
        collector: Makes the rows.
        rows: How many it is fed, [B].
    """

    def __init__(self, collector: Collects, rows: int) -> None:
        self.signature = collector.signature
        self._collector = collector
        self._reward = np.zeros(rows, np.float64)
        self._steps = np.zeros(rows, np.int64)
        self._totals = NO_EPISODES

    def clear(self) -> None:
        """Forgets what is unfinished, after the games were lost."""
        self._collector.clear()
        self._reward[:] = 0.0
        self._steps[:] = 0

    def add(self, decision: Decision, consequence: Consequence) -> Experience | None:
        """Adds one step of all games; see `Collector`."""
        self._count(consequence)
        experience = self._collector.add(decision, consequence)
        if experience is None or not self._totals.ended:
            return experience
        told, self._totals = self._totals, NO_EPISODES
        return replace(experience, episodes=told)

    def _count(self, consequence: Consequence) -> None:
        status, reward = consequence.status, consequence.reward
        if not status.any():  # all are RUNNING, as in most steps of few games
            self._reward += reward
            self._steps += 1
            return
        moved = status != OVER
        self._reward += np.where(moved, reward, np.float32(0.0))
        self._steps += moved
        ended = np.flatnonzero(moved & (status != RUNNING))
        if not len(ended):
            return
        totals = self._totals + EpisodeTotals(
            ended=len(ended),
            reward=float(self._reward[ended].sum()),
            steps=int(self._steps[ended].sum()),
            successes=int(np.count_nonzero(consequence.success[ended])),
        )
        # Figures are no reason to end a game: rewards that are no numbers are not told of.
        self._totals = self._totals if totals.complaint else totals
        self._reward[ended] = 0.0
        self._steps[ended] = 0
