"""Matches of runs, which evaluators are given before those that ratings ask for."""

from __future__ import annotations

from collections.abc import Mapping

from services.matchmaker.rating.evaluation import FirstMatches
from services.matchmaker.rating.leases import Match
from services.matchmaker.setup import CreatedMatch


class InOrder:
    """Several kinds of runs, the first kind's matches first.

    Args:
        kinds: By how the ids of their runs begin.
    """

    def __init__(self, kinds: Mapping[str, FirstMatches]) -> None:
        self._kinds = kinds

    @property
    def busy(self) -> bool:
        """See `FirstMatches`."""
        return any(kind.busy for kind in self._kinds.values())

    async def issue(self, worker: str, limit: int, game: str = "") -> list[Match]:
        """See `FirstMatches`."""
        given: list[Match] = []
        for kind in self._kinds.values():
            if len(given) < limit:
                given += await kind.issue(worker, limit - len(given), game)
        return given

    async def created(self, match: Match, made: CreatedMatch) -> CreatedMatch:
        """See `FirstMatches`."""
        for beginning, kind in self._kinds.items():
            if match.run_id.startswith(beginning):
                return await kind.created(match, made)
        return made
