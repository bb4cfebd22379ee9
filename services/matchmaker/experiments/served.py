"""Seats that an experiment filled: which version sits there, and whose session that is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Assigned:
    """The version that serves a session, `name:number`; `experiment_id` is empty without one."""

    player: str
    experiment_id: str = ""


@dataclass(frozen=True, slots=True)
class Served:
    """A participant of a match that an experiment chose.

    Attributes:
        match_id: Of the match, which is rated.
        session: Of the experiment.
        experiment_id: Of the experiment.
        player: The version, as the match names it.
        since: When the match was made, seconds.
    """

    match_id: str
    session: str
    experiment_id: str
    player: str
    since: float


class ServedStore(Protocol):
    """Those whose matches have no result yet, shared by all instances."""

    async def add(self, served: Sequence[Served]) -> None:
        """Adds some; those that are there already stay as they are."""

    async def after(self, match_id: str, limit: int) -> list[Served]:
        """The first so many of matches after an id, by match; empty: from the first."""

    async def remove(self, served: Sequence[Served]) -> None:
        """They are not waited for any more."""
