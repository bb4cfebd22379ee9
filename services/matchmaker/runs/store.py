"""What runs of gates rest on, as a small Protocol."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Protocol

from services.matchmaker.gates.issuing import Step
from services.matchmaker.gates.run import GateRun
from services.matchmaker.rating.leases import State

GATES = "gates"
"""The task of having Elo decide, and the topic of notices that a run has changed."""


class GateStore(Protocol):
    """Durable runs, shared by all instances. Each method is one transaction."""

    async def open(self, run: GateRun, most: int) -> GateRun:
        """Adds a run, or returns the one that has its request id.

        Raises:
            ResourceExhausted: so many run already.
        """

    async def get(self, gate_id: str) -> GateRun | None:
        """One run."""

    async def requested(self, request_ids: Collection[str]) -> dict[str, GateRun]:
        """Runs by the ids of their requests, of those that there are."""

    async def running(self) -> list[GateRun]:
        """Runs that have not ended, the first started first."""

    async def page(
        self, before: int, limit: int, *, gate_id: str = "", name: str = ""
    ) -> list[tuple[int, GateRun]]:
        """Runs with their positions, the last first; `before` is a position, 0 for the last.

        Of one id, or of candidates of one policy, where these are not empty.
        """

    async def change(
        self, gate_id: str, change: Callable[[GateRun], Step | None]
    ) -> GateRun | None:
        """Replaces a run by what `change` makes of it, together with its new matches.

        None from `change` changes nothing; `change` is called again when others changed the run
        meanwhile. A run that has ended leaves no queued match behind. Returns the new run, or None
        when nothing changed or there is none.
        """

    async def unplayed(self, gate_id: str) -> Mapping[str, State]:
        """Its matches that are not completed, in the order in which they were issued."""
