"""One leaderboard folded from the log: who played, how they did, and their online ratings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from services.elo.log.match import Game, LoggedMatch, Match
from services.elo.models import online
from services.elo.models.comparison import Comparison, comparisons
from services.elo.models.components import Components, ranked_component
from services.elo.models.pairs import Pairs
from services.elo.models.posterior import Problem
from services.elo.standings.players import is_bot, parents


@dataclass(slots=True)
class Record:
    """What a player did on a ladder.

    Attributes:
        name: The player.
        online_rating: After its last match.
        matches: Matches played.
        wins: Games with a better score than all opponents.
        draws: Games in which nobody was better, but an opponent as good.
        losses: All other games.
        last_match: Index of its last match in the ladder's `matches`.
    """

    name: str
    online_rating: float = online.START
    matches: int = 0
    wins: int = 0
    draws: int = 0
    losses: int = 0
    last_match: int = -1

    @property
    def games(self) -> int:
        """Games played."""
        return self.wins + self.draws + self.losses


class Played(NamedTuple):
    """A match as history keeps it."""

    match_id: str
    finish_nanoseconds: int
    participants: tuple[int, ...]


class Point(NamedTuple):
    """A player's online rating after a match, and its mean score over the match's games."""

    match: int
    online_rating: float
    score: float


class Ladder:
    """A projection of the log onto one ladder; the same matches in the same order give the same."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.high_water = 0
        """Sequence of the last match that was folded in."""
        self.players: list[Record] = []
        self.matches: list[Played] = []
        self.histories: list[list[Point]] = []
        self.pairs = Pairs()
        self._index: dict[str, int] = {}
        self._components = Components()

    def index(self, player: str) -> int | None:
        """The player's index; None without a match on this ladder."""
        return self._index.get(player)

    def fold(self, logged: LoggedMatch) -> None:
        """Takes in the next match of the log.

        Raises:
            ValueError: The match is not newer than all before.
        """
        sequence, match = logged
        if sequence <= self.high_water:
            raise ValueError(f"match {sequence} of the log came after {self.high_water}")
        participants = tuple(self._admit(player) for player in match.participants)
        compared = comparisons(match.games)
        self._rate(participants, match, compared)
        for first, second, share, sums in compared:
            one, other = participants[first], participants[second]
            self.pairs.add(one, other, share, sums)
            self._components.join(one, other)
        self.matches.append(Played(match.match_id, match.finish_nanoseconds, participants))
        self.high_water = sequence

    def problem(self) -> Problem:
        """What there is to fit, as copies."""
        bots = [is_bot(record.name) for record in self.players]
        ranked = ranked_component(self._components.roots(), bots)
        connected_bots = np.logical_and(ranked, bots)
        return Problem(
            table=self.pairs.table(),
            parents=np.array(parents([record.name for record in self.players]), dtype=np.intp),
            ranked=np.array(ranked),
            anchors=connected_bots if connected_bots.any() else np.array(ranked),
            start=np.array([record.online_rating for record in self.players]),
        )

    def _admit(self, player: str) -> int:
        index = self._index.get(player)
        if index is None:
            self._index[player] = index = len(self.players)
            self.players.append(Record(player))
            self.histories.append([])
            self._components.add()
        return index

    def _rate(
        self, participants: Sequence[int], match: Match, compared: Sequence[Comparison]
    ) -> None:
        records = [self.players[index] for index in participants]
        ratings = online.updated(
            [record.online_rating for record in records],
            [record.matches for record in records],
            compared,
        )
        for place, (index, record) in enumerate(zip(participants, records, strict=True)):
            record.online_rating = ratings[place]
            record.matches += 1
            record.last_match = len(self.matches)
            score = sum([game.scores[place] for game in match.games]) / len(match.games)
            self.histories[index].append(Point(len(self.matches), ratings[place], score))
        for game in match.games:
            _count(records, game)


def _count(records: Sequence[Record], game: Game) -> None:
    """Adds one game to the players' wins, draws and losses."""
    best = max(game.scores)
    leaders = [place for place, score in enumerate(game.scores) if score == best]
    # Team mates who win together have won.
    shared = len({game.teams[place] for place in leaders} if game.teams else leaders) > 1
    for record, score in zip(records, game.scores, strict=True):
        if score < best:
            record.losses += 1
        elif shared:
            record.draws += 1
        else:
            record.wins += 1
