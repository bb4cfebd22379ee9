"""Standings of one ladder by the models that move with each match, made when somebody asks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt

from mazemesh.errors import Unavailable
from services.elo.models import skills
from services.elo.models.arrays import Floats, Indices
from services.elo.models.counting.components import components, ranked_component
from services.elo.standings.board import Board
from services.elo.standings.folding.players import is_bot
from services.elo.standings.standings import QUANTILE, UNRANKED, Standings

_SHARE = 4.0
"""The next standings of a large ladder are made so many times later as they took."""

_AT_ONCE = 256
_SMALL = 200


class Model(Enum):
    """Models whose ratings are a fold over the log; by the names that people give."""

    ELO = "elo"
    GLICKO2 = "glicko2"
    PLACKETT_LUCE = "plackett-luce"


@dataclass(frozen=True)
class ModelStandings(Standings):
    """Standings by a model.

    Attributes:
        volatilities: By player; of Glicko-2, else empty.
    """

    volatilities: Floats | None = None

    def _apart(self, ones: Indices, others: Indices) -> Floats | None:
        variances = ((self.high - self.low) / (2.0 * QUANTILE)) ** 2
        return np.sqrt(variances[ones] + variances[others])  # independent beliefs, as in `better`


class ByModel:
    """Boards of ladders by model, each with the newest standings that were asked for.

    Args:
        settling: Held while games are taken in, which one ladder does at a time.
        clock: Seconds, only ever growing.
    """

    def __init__(self, settling: asyncio.Lock, clock: Callable[[], float]) -> None:
        self._settling, self._clock = settling, clock
        self._views: dict[tuple[str, Model], Board] = {}
        self._due: dict[tuple[str, Model], float] = {}

    def view(self, board: Board, model: Model) -> Board:
        """The ladder of `board` by a model, as of when it was asked for last."""
        key = board.ladder.name, model
        view = self._views.get(key)
        if view is None or view.ladder is not board.ladder:  # it was rebuilt
            self._views[key] = view = Board(board.ladder)
            self._due[key] = 0.0
        return view

    async def current(self, board: Board, model: Model, players: Sequence[int] = ()) -> Board:
        """The ladder by a model: of a small one as of now, of a large one of a moment ago.

        Args:
            board: The ladder.
            model: Which.
            players: Who must be in it.

        Raises:
            Unavailable: what was stored by an earlier version does not tell; it is being made.
        """
        ladder = board.ladder
        if ladder.skills is None:
            raise Unavailable(
                f"ladder {ladder.name!r} by model {model.value} is being made from the log, which "
                "an earlier version had taken in without it; try again"
            )
        view, key, asked = self.view(board, model), (ladder.name, model), ladder.high_water
        async with view.fitting:
            known = view.standings
            small = len(ladder.players) < _SMALL
            waits = not small and self._clock() < self._due[key]
            if known.high_water >= asked or (waits and len(known.names) > max(players, default=-1)):
                return view
            began = self._clock()
            async with self._settling:
                await asyncio.to_thread(ladder.skills.settle)
                # From here to the thread nothing is awaited, so all is of one place in the log.
                names = tuple(ladder.players.names)
                online, _ = ladder.players.used()
                values = ladder.skills.used(len(names))
                met = ladder.pairs.rows[:, :2].astype(np.intp)
                marks = ladder.high_water, ladder.matches
            view.publish(
                await asyncio.to_thread(_standings, model, names, online, values, met, marks)
            )
            self._due[key] = self._clock() + _SHARE * (self._clock() - began)
        return view


def _standings(
    model: Model,
    names: tuple[str, ...],
    online: Floats,
    values: Floats,
    met: Indices,
    marks: tuple[int, int],
) -> ModelStandings:
    ratings, deviations = estimates(model, online, values)
    roots = components(met[:, 0], met[:, 1], len(names)).tolist()
    ranked = np.flatnonzero(ranked_component(roots, [is_bot(name) for name in names]))
    ranks = np.full(len(names), UNRANKED, np.intp)
    ranks[ranked] = 1 + better(ratings[ranked], deviations[ranked])
    reach = QUANTILE * deviations
    told = ratings.tolist()
    glicko2 = model is Model.GLICKO2
    return ModelStandings(
        high_water=marks[0],
        matches=marks[1],
        names=names,
        ratings=ratings,
        low=ratings - reach,
        high=ratings + reach,
        ranks=ranks,
        log_nu=0.0,
        order=tuple(sorted(range(len(names)), key=lambda one: (-told[one], names[one]))),
        volatilities=values[:, skills.GLICKO_VOLATILITY] if glicko2 else None,
    )


def estimates(model: Model, online: Floats, values: Floats) -> tuple[Floats, Floats]:
    """Ratings and their standard deviations [players], on the model's own scale.

    Args:
        model: Which.
        online: Elo's ratings.
        values: Of `skills.Skills` [players, 6].
    """
    if model is Model.ELO:
        return online, np.sqrt(values[:, skills.ELO_VARIANCE])
    if model is Model.GLICKO2:
        return values[:, skills.GLICKO], values[:, skills.GLICKO_DEVIATION]
    return values[:, skills.MEAN], values[:, skills.DEVIATION]


def better(ratings: Floats, deviations: Floats) -> Indices:
    """For each player, how many are better with probability 0.975; of independent beliefs."""
    counts = np.zeros(len(ratings), np.intp)
    squares = deviations**2
    for start in range(0, len(ratings), _AT_ONCE):
        those = slice(start, start + _AT_ONCE)
        lead = ratings[None, :] - ratings[those, None]
        sure: npt.NDArray[np.bool_] = lead > QUANTILE * np.sqrt(
            squares[None, :] + squares[those, None]
        )
        counts[those] = sure.sum(axis=1)
    return counts
