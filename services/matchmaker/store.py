"""What the Matchmaker remembers, as small Protocols."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from services.matchmaker.lobby.tickets import Ticket
from services.matchmaker.rating.leases import Match
from services.matchmaker.training.outcomes import Form

Anchor = tuple[str, tuple[str, ...]]
"""A ladder and the bots that meet there."""


class LeaseStore(Protocol):
    """Durable rating matches."""

    async def load(self) -> list[Match]:
        """All of them, oldest first."""

    async def save(self, matches: Sequence[Match], forgotten: Sequence[str] = ()) -> None:
        """Adds or replaces matches and removes those with the `forgotten` ids.

        In one transaction; durable when it returns.
        """


class AnchorStore(Protocol):
    """How often bots have met."""

    async def load(self) -> Mapping[Anchor, int]:
        """All counts."""

    async def save(self, counts: Mapping[Anchor, int]) -> None:
        """Adds or replaces counts, in one transaction."""


class NumberStore(Protocol):
    """A counter that never gives a number twice."""

    async def instance(self) -> str:
        """A random id (UUID), made once for a store."""

    async def reserve(self, count: int) -> int:
        """The first of `count` consecutive numbers that now belong to the caller."""


@dataclass(frozen=True, slots=True)
class OutcomeState:
    """Records of (student, opponent) pairs, and requests that are counted in them."""

    forms: Mapping[tuple[str, str], Form] = field(default_factory=dict)
    request_ids: Sequence[str] = ()


class OutcomeStore(Protocol):
    """Durable training outcomes."""

    async def load(self) -> OutcomeState:
        """All records, and the ids of recent requests, oldest first."""

    async def save(self, changes: OutcomeState, keep_requests: int) -> None:
        """Adds or replaces records and adds request ids, in one transaction.

        Only the newest `keep_requests` ids are kept.
        """


class TicketStore(Protocol):
    """Tickets of waiting players. Each method is atomic."""

    async def add(self, ticket: Ticket) -> Ticket:
        """Adds a ticket, or returns the one that has its request id.

        Raises:
            AlreadyExists: the player has another live ticket on the ladder.
            ResourceExhausted: too many players wait.
        """

    async def get(self, ticket_id: str) -> Ticket:
        """A ticket. Raises `NotFound`."""

    async def swap(self, old: Ticket, new: Ticket) -> bool:
        """Replaces `old` by `new`; False, and nothing is done, when it is not as `old` any more."""

    async def waiting(self) -> list[Ticket]:
        """Tickets that wait, oldest first."""

    async def prune(self, ended_before: float) -> None:
        """Forgets tickets that ended before."""
