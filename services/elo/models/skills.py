"""What the models that move with each match believe of the players of a ladder.

Elo's own rating is in `folding.records`; here is how sure it is, and all that Glicko-2 and
Plackett-Luce have. Each is a fold over the log in its order, so that the same log gives the same
bits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import takewhile
from typing import Any, NamedTuple, cast

import numpy as np

from services.elo.log.batch import Duels, Integers
from services.elo.log.match import Game
from services.elo.models import glicko, online, plackett_luce
from services.elo.models.arrays import Floats
from services.elo.models.counting.comparison import Comparison
from services.elo.models.glicko import Glicko
from services.elo.models.plackett_luce import Skill

FIELDS = 6
ELO_VARIANCE, GLICKO, GLICKO_DEVIATION, GLICKO_VOLATILITY, MEAN, DEVIATION = range(FIELDS)
"""Columns of `Skills.values`: in points, but the last two, which are on the scale of openskill."""

_START = (online.START_DEVIATION**2, *Glicko(), *Skill())
_FIRST_PLAYERS = 16
_MANY = 64  # matches of two that are worth loading compiled code for


class _Duels(NamedTuple):
    ones: Integers
    others: Integers
    games: Integers
    starts: Integers
    scores: Floats
    expectations: Floats
    matches: Integers


class _Match(NamedTuple):
    participants: Sequence[int]
    games: Sequence[Game]
    compared: Sequence[Comparison]
    ratings: Sequence[float]
    matches: Sequence[int]


class Skills:
    """The players of a ladder, by index.

    Matches are taken in when somebody looks, or when `settle` is called: it takes as long again as
    all else that a result costs a ladder, so another thread does it while further ones come. Only
    one at a time may look or settle; see `Boards.settling`.

    Attributes:
        values: Columns as above [capacity, 6].
    """

    def __init__(self, values: Floats | None = None) -> None:
        self.values: Floats = np.empty((0, FIELDS)) if values is None else values
        self._later: list[_Duels | _Match] = []
        self._came = self._taken = 0

    @property
    def waiting(self) -> int:
        """Matches that are not taken in yet."""
        return self._came - self._taken

    def used(self, players: int) -> Floats:
        """A copy of those of so many players [players, 6]."""
        self.settle()
        self._admit(players)
        return self.values[:players].copy()

    def fold(
        self,
        participants: Sequence[int],
        games: Sequence[Game],
        compared: Sequence[Comparison],
        ratings: Sequence[float],
        matches: Sequence[int],
    ) -> None:
        """Will take in a match.

        Args:
            participants: Indices of the players.
            games: Of the match.
            compared: What they tell of each pair.
            ratings: Elo of each participant before it.
            matches: Of each participant before it.
        """
        self._later.append(_Match(participants, games, compared, ratings, matches))
        self._came += 1

    def fold_duels(
        self,
        ones: Integers,
        others: Integers,
        duels: Duels,
        expectations: Floats,
        matches: Integers,
    ) -> None:
        """Will take in duels one after the other: bit for bit as if by `fold`, and far sooner.

        Args:
            ones: Index of the first of each.
            others: Of the second.
            duels: What they played.
            expectations: The score that Elo expected the first to have in a game [duels].
            matches: Of both before each [2 duels].
        """
        self._later.append(
            _Duels(
                *(ones, others, duels.games, duels.starts, duels.scores),
                *(expectations, matches),
            )
        )
        self._came += len(ones)

    def settle(self) -> None:
        """Takes in what waits; what comes meanwhile too."""
        while self._later:
            first = self._later[0]
            if isinstance(first, _Duels):
                self._take_duels(first)
                done, count = 1, len(first.ones)
            else:
                done = count = self._take_matches()
            del self._later[:done]
            self._taken += count

    def _take_matches(self) -> int:
        """Takes in the matches at the head; how many."""
        run = list(takewhile(lambda one: isinstance(one, _Match), self._later))
        matches = cast("list[_Match]", run)
        if len(matches) >= _MANY and all(len(one.participants) == 2 for one in matches):
            self._take_duels(_as_duels(matches))
        else:
            for one in matches:
                self._take(one)
        return len(matches)

    def _take_duels(self, columns: _Duels) -> None:
        from services.elo.models import skill_kernels

        self._admit(int(max(columns.ones.max(), columns.others.max())) + 1)
        fold: Callable[..., None] = skill_kernels.fold
        fold(*columns, self.values)

    def _take(self, match: _Match) -> None:
        participants, compared = match.participants, match.compared
        self._admit(max(participants) + 1)
        rows = [self.values[player].tolist() for player in participants]
        variances = online.spread(
            [row[ELO_VARIANCE] for row in rows], match.ratings, match.matches, compared
        )
        rated = _glicko([Glicko(*row[GLICKO:MEAN]) for row in rows], compared)
        skills = [Skill(*row[MEAN:]) for row in rows]
        for game in match.games:
            skills = _plackett_luce(skills, game)
        for player, variance, one, skill in zip(
            participants, variances, rated, skills, strict=True
        ):
            self.values[player] = (variance, *one, *skill)

    def _admit(self, players: int) -> None:
        """Has so many players at least; new ones begin where the models say."""
        have = len(self.values)
        if players > have:
            new = np.empty((max(players, 2 * have, _FIRST_PLAYERS) - have, FIELDS))
            new[:] = _START
            self.values = np.concatenate([self.values, new])


def _as_duels(matches: Sequence[_Match]) -> _Duels:
    """Matches of two as columns."""
    games = np.array([len(one.games) for one in matches], np.int64)
    return _Duels(
        np.array([one.participants[0] for one in matches], np.int64),
        np.array([one.participants[1] for one in matches], np.int64),
        games,
        np.cumsum(games) - games,
        np.array([game.scores for one in matches for game in one.games], np.float64),
        np.array([online.expected_score(*one.ratings) for one in matches]),
        np.array([one.matches for one in matches], np.int64).ravel(),
    )


def _glicko(players: Sequence[Glicko], compared: Sequence[Comparison]) -> list[Glicko]:
    """All participants after a match, which is a rating period for them.

    A game among many counts as one: each comparison has its share of it.
    """
    met: list[list[tuple[Any, ...]]] = [[] for _ in players]
    for first, second, share, sums in compared:
        games = sums.games / share
        met[first].append((players[second], sums.score / share, games))
        met[second].append((players[first], (sums.games - sums.score) / share, games))
    after: list[Glicko] = []
    for one, mine in zip(players, met, strict=True):
        opponents, scores, counts = ([part[at] for part in mine] for at in range(3))
        after.append(glicko.updated(one, opponents, scores, games=counts) if mine else one)
    return after


def _plackett_luce(skills: Sequence[Skill], game: Game) -> list[Skill]:
    """All participants after a game; those of a team add up."""
    teams = game.teams or tuple(range(len(skills)))
    places = {team: [] for team in dict.fromkeys(teams)}  # type: dict[int, list[int]]
    for place, team in enumerate(teams):
        places[team].append(place)
    found = plackett_luce.updated(
        [[skills[place] for place in members] for members in places.values()],
        [game.scores[members[0]] for members in places.values()],
    )
    after = list(skills)
    for members, moved in zip(places.values(), found, strict=True):
        for place, skill in zip(members, moved, strict=True):
            after[place] = skill
    return after
