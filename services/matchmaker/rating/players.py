"""Players of a ladder as the choice of rating matches sees them."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from services.matchmaker.rating.ladders import Ladder

START_RATING = 1000.0
"""Rating, in Elo, of somebody of whom nothing is known."""

UNKNOWN_DEVIATION = 350.0
"""Standard deviation, in Elo, of a player without a result."""

_NORMAL_95 = 1.96


@dataclass(frozen=True, slots=True)
class Rating:
    """What Elo says about a player: rating, 95 % interval, matches that count in it."""

    rating: float
    low: float
    high: float
    matches: int


@dataclass(frozen=True, slots=True)
class Player:
    """A player on a ladder, in Elo.

    Attributes:
        policy: "name:version" or "bot/...".
        rating: Its rating; for a newcomer a guess.
        deviation: Standard deviation of the rating.
        matches: Matches that count in the rating.
        pending: Matches that were issued and do not count yet.
        bot: Whether it is an anchor.
        champion: Whether its policy's alias `champion` stands for it.
        live: Those of the pending matches that are not over.
    """

    policy: str
    rating: float
    deviation: float
    matches: int
    pending: int = 0
    bot: bool = False
    champion: bool = False
    live: int = 0

    @property
    def expected_matches(self) -> int:
        """Matches once the pending ones count."""
        return self.matches + self.pending

    @property
    def expected_deviation(self) -> float:
        """The deviation once the pending matches count, by the square-root law."""
        known = max(self.matches, 1)
        return self.deviation * math.sqrt(known / (known + self.pending))

    @property
    def upper(self) -> float:
        """Upper bound of the 95 % interval once the pending matches count."""
        return self.rating + _NORMAL_95 * self.expected_deviation

    @property
    def half_width(self) -> float:
        """Half of the present 95 % interval."""
        return _NORMAL_95 * self.deviation


def players_of(
    ladder: Ladder,
    ratings: Mapping[str, Rating],
    pending: Mapping[str, int],
    champions: Collection[str] = (),
    live: Mapping[str, int] | None = None,
) -> list[Player]:
    """A ladder's snapshots, oldest first, then the bots; `champions` are among the snapshots.

    A snapshot without a result is taken to be as good as the newest rated version before it.
    """
    players = []
    guesses: dict[str, float] = {}
    for snapshot in ladder.snapshots:
        guess = guesses.get(snapshot.name, START_RATING)
        player = _player(snapshot.policy, ratings, pending, guess, bot=False)
        player = replace(
            player,
            champion=snapshot.policy in champions,
            live=(live or {}).get(snapshot.policy, 0),
        )
        guesses[snapshot.name] = player.rating
        players.append(player)
    bots = (_player(bot, ratings, pending, START_RATING, bot=True) for bot in ladder.bots)
    return [*players, *bots]


def nearest_bots(bots: Iterable[str], rating: float, ratings: Mapping[str, Rating]) -> list[str]:
    """The bots, the one of the nearest rating first."""

    def distance(bot: str) -> float:
        known = ratings.get(bot)
        return abs((known.rating if known else START_RATING) - rating)

    return sorted(bots, key=distance)


def count_pending(matches: Iterable[tuple[str, ...]]) -> dict[str, int]:
    """How often each participant appears."""
    pending: dict[str, int] = {}
    for participants in matches:
        for policy in participants:
            pending[policy] = pending.get(policy, 0) + 1
    return pending


def _player(
    policy: str,
    ratings: Mapping[str, Rating],
    pending: Mapping[str, int],
    guess: float,
    *,
    bot: bool,
) -> Player:
    known = ratings.get(policy)
    waiting = pending.get(policy, 0)
    if known is None or not known.matches:
        return Player(policy, guess, UNKNOWN_DEVIATION, 0, waiting, bot)
    deviation = (known.high - known.low) / (2.0 * _NORMAL_95)
    return Player(policy, known.rating, deviation, known.matches, waiting, bot)
