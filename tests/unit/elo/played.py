"""Matches for tests: by hand, or simulated from true strengths."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from services.elo.log.match import Game, LoggedMatch, Match
from services.elo.models.counting.comparison import comparisons
from services.elo.models.counting.pairs import Pairs
from services.elo.standings.folding.ladder import Ladder

BOTS = ("bot/random", "bot/wall-follower", "bot/shortest-path")
TRUTH = {BOTS[0]: 700.0, BOTS[2]: 1300.0, "race:1": 800.0, "race:2": 1000.0, "race:3": 1100.0}
"""Strengths of some players."""


def match(
    match_id: str,
    participants: Sequence[str],
    *scores: Sequence[float] | float,
    ladder: str = "race",
    finish_nanoseconds: int = 1_700_000_000_123_456_789,
    teams: Sequence[Sequence[int]] | None = None,
) -> Match:
    """A match; a game's score is that of the first of two players, or of every player.

    `teams` are by game and player; None: each plays for itself.
    """
    games = tuple(
        Game(
            game_id=f"{match_id}/{rotation}",
            rotation=rotation,
            scores=tuple(score) if isinstance(score, Sequence) else (score, 1.0 - score),
            steps=(10 + rotation,),
            termination=1,
            teams=() if teams is None else tuple(teams[rotation]),
        )
        for rotation, score in enumerate(scores)
    )
    return Match(
        match_id, ladder, 2**63 + 1, "rules", tuple(participants), games, finish_nanoseconds
    )


def folded(matches: Sequence[Match], name: str = "race") -> Ladder:
    """A ladder of these matches alone."""
    ladder = Ladder(name)
    for sequence, one in enumerate(matches, start=1):
        ladder.fold(LoggedMatch(sequence, one))
    return ladder


def add_match(pairs: Pairs, players: Sequence[int], games: Sequence[Game]) -> None:
    """Adds a match of these players, in the order of the scores, to a pair table."""
    for first, second, share, sums in comparisons(games):
        pairs.add(players[first], players[second], share, sums)


def simulated(
    rng: np.random.Generator,
    strengths: dict[str, float],
    count: int,
    *,
    nu: float = 0.5,
    correlation: float = 0.0,
) -> list[Match]:
    """Matches of two games between random pairs.

    Args:
        rng: Draws pairs and outcomes.
        strengths: True rating of each player, Elo scale.
        count: Matches.
        nu: Davidson's draw parameter.
        correlation: Chance that the second game repeats the first one's luck; where negative, that
            it has the opposite.
    """
    names = list(strengths)
    matches = []
    for number in range(count):
        one, other = (names[index] for index in rng.choice(len(names), 2, replace=False))
        odds = 10.0 ** ((strengths[one] - strengths[other]) / 800.0)
        chances = np.array([odds, nu, 1.0 / odds])
        chances /= chances.sum()
        luck = rng.random(2)
        if rng.random() < abs(correlation):
            luck[1] = luck[0] if correlation > 0 else 1.0 - luck[0]
        outcomes = [
            (1.0, 0.5, 0.0)[min(int(np.searchsorted(np.cumsum(chances), u)), 2)] for u in luck
        ]
        matches.append(match(f"m{number}", (one, other), *outcomes))
    return matches


def state(ladder: Ladder) -> tuple[object, ...]:
    """All that a ladder holds; floats as bits."""
    points = ladder.tail.all()
    return (
        ladder.high_water,
        ladder.matches,
        ladder.players.names,
        [column.tobytes() for column in ladder.players.used()],
        ladder.pairs.rows.tobytes(),
        None if ladder.skills is None else ladder.skills.used(len(ladder.players)).tobytes(),
        [column.tobytes() for column in points],
    )
