"""What is under way on all instances, as it was when last looked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from services.matchmaker.rating.leases import LIVE, State
from services.matchmaker.rating.rota import Rule

RATING_LAG = 5.0
"""Seconds in which a result may not be in Elo's ratings yet (outbox, then refit)."""

NEWS_SECONDS = 10.0
"""How far back ended matches are looked at, at least; clocks of instances differ by less."""

_MOST_TOLD = 10_000


@dataclass(frozen=True, slots=True)
class Seen:
    """As much of a match as the choice of others needs."""

    match_id: str
    ladder: str
    participants: tuple[str, ...]
    state: State
    end_time: float


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was chosen on a ladder by a rule, of late.

    Attributes:
        ladder: Its name.
        rule: Of `rota`.
        matches: That were chosen.
        completed: Those of them that were played.
        bits: What they should tell about ratings.
        completed_bits: What those that were played should.
    """

    ladder: str
    rule: Rule
    matches: int
    completed: int
    bits: float
    completed_bits: float


class Ledger:
    """Matches that are queued or leased, and those that ended a moment ago."""

    def __init__(self, seen: Iterable[Seen]) -> None:
        self._seen = list(seen)

    @property
    def ended(self) -> Sequence[Seen]:
        """Those that ended."""
        return [one for one in self._seen if one.state not in LIVE]

    def live(self, ladder: str) -> int:
        """How many of a ladder are queued or leased."""
        return sum(one.state in LIVE and one.ladder == ladder for one in self._seen)

    def playing(self, ladder: str) -> list[tuple[str, ...]]:
        """Participants of the ladder's matches that are queued or leased."""
        seen = self._seen
        return [one.participants for one in seen if one.ladder == ladder and one.state in LIVE]

    def under_way(self, ladder: str, now: float) -> list[tuple[str, ...]]:
        """Participants of the ladder's matches that the ratings do not show yet."""
        return [
            one.participants
            for one in self._seen
            if one.ladder == ladder
            and (
                one.state in LIVE
                or (one.state is State.COMPLETED and one.end_time > now - RATING_LAG)
            )
        ]


class Told:
    """Ids that were dealt with, the newest of them."""

    def __init__(self) -> None:
        self._ids: dict[str, None] = {}

    def is_new(self, match_id: str) -> bool:
        """Whether an id comes for the first time."""
        if match_id in self._ids:
            return False
        self._ids[match_id] = None
        while len(self._ids) > _MOST_TOLD:
            del self._ids[next(iter(self._ids))]
        return True
