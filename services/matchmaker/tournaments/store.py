"""What tournaments rest on, as a small Protocol."""

from __future__ import annotations

from typing import Protocol

from services.matchmaker.runs.store import RunStore
from services.matchmaker.tournaments.run import Entry, TournamentRun

TOURNAMENTS = "tournaments"
"""The task of driving them, and the topic of notices that one has changed."""


class TournamentStore(RunStore[TournamentRun], Protocol):
    """Runs, their logs, and who is present. A step that is a `Move` brings entries of the log."""

    async def entries(self, tournament_id: str, after: int) -> list[tuple[int, Entry]]:
        """Lines of a log after a position (0: all), with theirs, in the order of writing."""

    async def beat(self, tournament_id: str, player: str, until: float) -> None:
        """A person is there, and taken to be so until a time."""

    async def present(self, tournament_id: str, now: float) -> set[str]:
        """The people who are there."""
