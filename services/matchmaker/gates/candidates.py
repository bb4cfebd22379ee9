"""Whom the Matchmaker holds a gate for by itself."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from services.matchmaker.rating.players import Rating

_MOST = 20
"""Candidates that are looked at, the best first."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A candidate and whom it is held against."""

    candidate: str
    baseline: str

    @property
    def request_id(self) -> str:
        """The same for a pair on all instances and at all times, so there is one gate for it."""
        text = f"{self.candidate} {self.baseline}"
        return f"automatic-{hashlib.sha256(text.encode()).hexdigest()[:40]}"


def pairs(
    snapshots: Iterable[str],
    ratings: Mapping[str, Rating],
    *,
    champion: str,
    bots: Sequence[str],
) -> list[Pair]:
    """Gates that the ratings of a policy's snapshots suggest, the best candidate first.

    A candidate's whole interval lies above the champion's rating. Where there is no champion yet,
    or nothing is known of it, it lies above the rating of a bot, and the best such bot is the
    baseline.

    Args:
        snapshots: "name:version" of one policy on one ladder.
        ratings: Of the ladder.
        champion: "name:version"; empty: none yet.
        bots: Of the ladder.
    """
    rated = [(ratings[one], one) for one in snapshots if one in ratings and one != champion]
    rated.sort(key=lambda one: (-one[0].rating, one[1]))
    if champion:
        known = ratings.get(champion)
        if known is None:
            return []
        above = [one for rating, one in rated if rating.low > known.rating]
        return [Pair(one, champion) for one in above[:_MOST]]
    found = []
    for rating, one in rated[:_MOST]:
        beaten = [bot for bot in bots if bot in ratings and ratings[bot].rating < rating.low]
        if beaten:
            found.append(Pair(one, max(beaten, key=lambda bot: ratings[bot].rating)))
    return found
