"""One leaderboard folded from the log: who played, how they did, and their online ratings."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from services.elo.log.batch import Duels, Integers
from services.elo.log.match import LoggedMatch, Match
from services.elo.models import online
from services.elo.models.counting.comparison import Comparison, comparisons
from services.elo.models.counting.components import components, ranked_component
from services.elo.models.counting.pairs import Pairs
from services.elo.models.fitting.posterior import Problem
from services.elo.models.skills import Skills
from services.elo.standings.folding.players import is_bot, parents
from services.elo.standings.folding.points import Points, Tail
from services.elo.standings.folding.records import Records


class Ladder:
    """A projection of the log onto one ladder; the same matches in the same order give the same.

    Its size goes with the players and the pairs that met, not with the matches: those are counted,
    and the points of their players' histories are kept until the store has them.

    Attributes:
        name: The ladder.
        high_water: Sequence of the last match that was folded in.
        matches: Number of matches that were folded in.
        players: What each did.
        pairs: What pairs of them did.
        skills: What other models believe of the players; None where a snapshot did not tell, which
            a refolding of the log makes good (see `rebuilding`).
        tail: Points of histories that the store may not have yet.
    """

    def __init__(
        self,
        name: str,
        *,
        high_water: int = 0,
        matches: int = 0,
        players: Records | None = None,
        pairs: Pairs | None = None,
        skills: Skills | None = None,
    ) -> None:
        self.name = name
        self.high_water = high_water
        self.matches = matches
        self.players = Records() if players is None else players
        self.pairs = Pairs() if pairs is None else pairs
        self.skills = Skills() if skills is None and not matches else skills
        self.tail = Tail()

    def index(self, player: str) -> int | None:
        """The player's index; None without a match on this ladder."""
        return self.players.index(player)

    def fold(self, logged: LoggedMatch) -> None:
        """Takes in the next match of the log.

        Raises:
            ValueError: The match is not newer than all before.
        """
        sequence, match = logged
        self._check_order(sequence)
        self.high_water = sequence
        if match.retracts:
            self._take_back(match)
            return
        participants = [self.players.admit(player) for player in match.participants]
        compared = comparisons(match.games)
        self._rate(sequence, participants, match, compared)
        for first, second, share, sums in compared:
            self.pairs.add(participants[first], participants[second], share, sums)
        self.matches += 1

    def fold_duels(self, sequences: Integers, duels: Duels) -> None:
        """Takes in the next matches of the log: bit for bit what `fold` does, and far sooner.

        Raises:
            ValueError: They are not newer than all before.
        """
        from services.elo.models.counting import folding_kernels

        self._check_order(int(sequences[0]))
        count = len(duels)
        ones, others = self._admit(duels)
        self.pairs.reserve(count)
        numbers = np.empty(2 * count, np.int64)
        after, means = np.empty((count, 2)), np.empty((count, 2))
        expectations = np.empty(count)
        players = self.players
        fold: Callable[..., int] = folding_kernels.fold
        self.pairs.count = fold(
            *(ones, others, duels.games, duels.starts, duels.scores, duels.finishes),
            duels.seats,
            *(players.ratings, *players.numbers),
            *(self.pairs.cells, self.pairs.count, self.pairs.slots),
            *(numbers, after, means, expectations),
        )
        if self.skills is not None:
            self.skills.fold_duels(ones, others, duels, expectations, numbers)
        both = np.stack([ones, others], axis=1).ravel()
        self.tail.append(
            Points(np.repeat(sequences, 2), both, numbers, after.ravel(), means.ravel())
        )
        self.matches += count
        self.high_water = int(sequences[-1])

    def problem(self) -> Problem:
        """What there is to fit, as copies."""
        table, names = self.pairs.table(), self.players.names
        bots = [is_bot(name) for name in names]
        roots = components(table.first, table.second, len(names)).tolist()
        ranked = np.array(ranked_component(roots, bots))
        connected_bots = np.logical_and(ranked, bots)
        return Problem(
            table=table,
            parents=np.array(parents(names), dtype=np.intp),
            ranked=ranked,
            anchors=connected_bots if connected_bots.any() else ranked,
            start=self.players.used()[0],
        )

    def _take_back(self, match: Match) -> None:
        """Pairs count what it told no more; what was played, and online ratings, stay."""
        participants = [self.players.admit(player) for player in match.participants]
        for first, second, share, sums in comparisons(match.games):
            one, other = participants[first], participants[second]
            self.pairs.add(one, other, share, sums, times=-1.0)

    def _check_order(self, sequence: int) -> None:
        if sequence <= self.high_water:
            raise ValueError(f"match {sequence} of the log came after {self.high_water}")

    def _admit(self, duels: Duels) -> tuple[Integers, Integers]:
        """Indices of both sides; new players get theirs in the order of the log."""
        try:
            return self.players.indices(duels.ones), self.players.indices(duels.others)
        except KeyError:
            for one, other in zip(duels.ones, duels.others, strict=True):
                self.players.admit(one)
                self.players.admit(other)
        return self.players.indices(duels.ones), self.players.indices(duels.others)

    def _rate(
        self,
        sequence: int,
        participants: Sequence[int],
        match: Match,
        compared: Sequence[Comparison],
    ) -> None:
        players, games = self.players, match.games
        numbers = [players.matches[player] for player in participants]
        before = [players.online[player] for player in participants]
        ratings = online.updated(before, numbers, compared)
        if self.skills is not None:
            self.skills.fold(participants, games, compared, before, numbers)
        for player, rating, outcomes in zip(participants, ratings, _outcomes(match), strict=True):
            players.played(player, rating, outcomes, match.finish_nanoseconds)
        count = len(participants)
        self.tail.append(
            Points(
                np.full(count, sequence, np.int64),
                np.array(participants, np.intp),
                np.array(numbers, np.int64),
                np.array(ratings),
                np.array(
                    [sum([game.scores[at] for game in games]) / len(games) for at in range(count)]
                ),
            )
        )


def _outcomes(match: Match) -> list[list[int]]:
    """Wins, draws and losses of each participant."""
    counts = [[0, 0, 0] for _ in match.participants]
    for game in match.games:
        best = max(game.scores)
        leaders = [place for place, score in enumerate(game.scores) if score == best]
        # Team mates who win together have won.
        shared = len({game.teams[place] for place in leaders} if game.teams else leaders) > 1
        for count, score in zip(counts, game.scores, strict=True):
            count[2 if score < best else 1 if shared else 0] += 1
    return counts
