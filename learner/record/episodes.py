"""What is told of the episodes of a run: by its batches, or by whoever plays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import structlog

from learner.ports import Columns, ExperienceSource
from learner.run import Run
from mazemesh.collecting.counting import told_beside
from mazemesh.episode_totals import NO_EPISODES, EpisodeTotals
from mazemesh.errors import MazemeshError
from mazemesh.games.registry import is_own

log = structlog.get_logger("learner.record.episodes")

ASK_SECONDS = 1.0
"""For which Replay's answer is waited: the learner learns nothing meanwhile, and may be to stop."""


class EpisodeFigures(Protocol):
    """Reward, length and success of training episodes, actions drawn from the policy."""

    def add(self, columns: Columns) -> None:
        """Sees a batch that was learned from."""
        ...

    def take(self) -> dict[str, float]:
        """What has been told since episodes were last told of, and begins anew.

        Returns:
            episode_reward (with shaping), episode_steps, and episode_success where it is known: the
            share of which the game told success. Empty, and counted on, when no episode ended.
        """
        ...


def episode_figures(run: Run, source: ExperienceSource) -> EpisodeFigures:
    """Those of a run that draws from `source`."""
    winnable = is_own(run.game)
    if told_beside(run.collection):
        return EpisodesOfTable(source, run.table.name, winnable=winnable)
    return EpisodesOfUnrolls(winnable=winnable)


class EpisodesOfUnrolls:
    """Counted in the batches, as unrolls have every step once.

    An episode may have begun many batches before the one that it ends in, and all games of an
    actor may end theirs in the same batch. So reward and steps are counted until an episode has
    ended, and then shared among those that did: right on average while the policy changes slowly.
    """

    def __init__(self, *, winnable: bool) -> None:
        """`winnable`: whether the game can be won; of others no success is told."""
        self._winnable = winnable
        self._totals = NO_EPISODES

    def add(self, columns: Columns) -> None:
        """Counts a batch, of `unroll_signature`; others are not counted."""
        if "success" not in columns:
            return
        reward = np.asarray(columns["reward"], np.float32)
        over = sum(int((np.asarray(columns[n]) != 0).sum()) for n in ("terminated", "truncated"))
        won = int((np.asarray(columns["success"]) != 0).sum())
        total = float(reward.sum(dtype=np.float64))
        self._totals += EpisodeTotals(over, total, reward.size, won)

    def take(self) -> dict[str, float]:
        """See `EpisodeFigures`."""
        if not self._totals.ended:
            return {}
        found, self._totals = _means(self._totals, winnable=self._winnable), NO_EPISODES
        return found


class EpisodesOfTable:
    """Told by whoever plays, through the table: rows of it are drawn often, or never.

    A Replay that is away tells nothing, and no error: its sums are looked at the next time.

    Args:
        source: Replay, or several, where each has a part of the table.
        table: Its name.
        winnable: Whether the game can be won; of others no success is told.
    """

    def __init__(self, source: ExperienceSource, table: str, *, winnable: bool) -> None:
        self._source, self._table, self._winnable = source, table, winnable
        self._before: Sequence[EpisodeTotals] | None = None

    def add(self, columns: Columns) -> None:
        """Rows do not tell."""

    def take(self) -> dict[str, float]:
        """See `EpisodeFigures`; the first time nothing, since what was before is not this run's."""
        try:
            now = self._ask()
        except MazemeshError as error:
            log.debug("nothing is told of episodes now", reason=str(error))
            return {}
        before, self._before = self._before, now
        if before is None or len(before) != len(now):
            # A part that was away, or is now: what it has may have been told.
            return {}
        ended = NO_EPISODES
        for part, part_before in zip(now, before, strict=True):
            ended += _since(part_before, part)
        return _means(ended, winnable=self._winnable) if ended.ended else {}

    def _ask(self) -> Sequence[EpisodeTotals]:
        """Sums of all parts of the table that are there, in order."""
        tables = self._source.list_tables(ASK_SECONDS)
        told = [one.episodes for one in tables if one.table.name == self._table]
        return [EpisodeTotals(one.ended, one.reward, one.steps, one.successes) for one in told]


def _since(before: EpisodeTotals, now: EpisodeTotals) -> EpisodeTotals:
    """What came to sums; those that went down began anew."""
    more = now - before
    return now if min(more.ended, more.steps, more.successes) < 0 else more


def _means(totals: EpisodeTotals, *, winnable: bool) -> dict[str, float]:
    ended = totals.ended
    found = {"episode_reward": totals.reward / ended, "episode_steps": totals.steps / ended}
    if winnable:
        found["episode_success"] = totals.successes / ended
    return found
