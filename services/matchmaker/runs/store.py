"""What runs of gates and tournaments rest on, as a small Protocol."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import Field, dataclass
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from services.matchmaker.rating.leases import Match, State


class Run(Protocol):
    """A gate or a tournament: a frozen dataclass that is replaced as it goes on."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def run_id(self) -> str:
        """Begins the ids of its matches."""

    @property
    def request_id(self) -> str:
        """Of the request that started it."""

    @property
    def name(self) -> str:
        """What it is listed under; empty: nothing."""

    @property
    def running(self) -> bool:
        """Whether it has not ended."""

    @property
    def revision(self) -> int:
        """Counts its changes."""


RunT = TypeVar("RunT", bound=Run)


@dataclass(frozen=True, slots=True)
class Step(Generic[RunT]):
    """What becomes of a run, and matches that are issued with it."""

    run: RunT
    matches: Sequence[Match] = ()


class RunStore(Protocol[RunT]):
    """Durable runs, shared by all instances. Each method is one transaction."""

    async def open(self, run: RunT, most: int) -> RunT:
        """Adds a run, or returns the one that has its request id.

        Raises:
            ResourceExhausted: so many run already.
        """

    async def get(self, run_id: str) -> RunT | None:
        """One run."""

    async def requested(self, request_ids: Collection[str]) -> dict[str, RunT]:
        """Runs by the ids of their requests, of those that there are."""

    async def running(self) -> list[RunT]:
        """Runs that have not ended, the first started first."""

    async def page(
        self, before: int, limit: int, *, run_id: str = "", name: str = ""
    ) -> list[tuple[int, RunT]]:
        """Runs with their positions, the last first; `before` is a position, 0 for the last.

        Of one id, or of one name, where these are not empty.
        """

    async def change(self, run_id: str, change: Callable[[RunT], Step[RunT] | None]) -> RunT | None:
        """Replaces a run by what `change` makes of it, together with its new matches.

        None from `change` changes nothing; `change` is called again when others changed the run
        meanwhile. A run that has ended leaves no queued match behind. Returns the new run, or None
        when nothing changed or there is none.
        """

    async def unplayed(self, run_id: str) -> Mapping[str, State]:
        """Its matches that are not completed, in the order in which they were issued."""
