"""What the Matchmaker remembers, as small Protocols."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from mazemesh.errors import MazemeshError
from services.matchmaker.lobby.tickets import Ticket
from services.matchmaker.rating.leases import Match, Terms
from services.matchmaker.rating.ledger import Chosen, Seen
from services.matchmaker.training.outcomes import Form, Outcomes

Anchor = tuple[str, tuple[str, ...]]
"""A ladder and the bots that meet there."""


class LeaderStore(Protocol):
    """Who does what only one instance may do at a time."""

    async def hold(self, task: str, owner: str, seconds: float) -> int | None:
        """Gives the task to `owner` for `seconds` from now; None while another has it.

        Returns the fence: it is higher each time that the task goes to another owner, or to one
        whose time had run out, and the same while the owner asks again in time. Who writes under a
        fence is refused once there is a higher one.
        """

    async def leave(self, task: str, owner: str) -> None:
        """Ends the owner's time, if it still has the task."""


RATING = "rating"
"""The task of choosing rating matches."""

ANCHORS = "anchors"
"""The task of having bots meet."""


class Issued(NamedTuple):
    """What a worker was given, and what became of expired leases on the way."""

    leased: list[Match]
    abandoned: list[Match]
    expired: int


class LeaseStore(Protocol):
    """Durable rating matches, shared by all instances. Each method is one transaction."""

    async def issue(
        self, worker: str, limit: int, terms: Terms, now: float, game: str = ""
    ) -> Issued:
        """Leases at most `limit` free matches to a worker: expired leases first, then the oldest.

        A match is given to one of all that ask at once. Those whose last attempt ran out are
        abandoned. `game` restricts to one game; empty is any.
        """

    async def change(self, match_id: str, change: Callable[[Match], Match | None]) -> Match | None:
        """Replaces a match by what `change` makes of it, and returns that; None changes nothing.

        `change` is called again when others changed the match meanwhile; what it raises is raised.

        Raises:
            NotFound: no such match, or it ended long ago.
        """

    async def add(self, matches: Sequence[Match], fence: int) -> bool:
        """Adds new matches; False, and nothing is done, when `fence` of RATING has passed."""

    async def look(self, ended_since: float) -> list[Seen]:
        """Matches that are queued or leased, and those that ended since."""

    async def count_live(self) -> int:
        """Matches that are queued or leased."""

    async def count_held(self, worker: str, now: float) -> int:
        """Leases that a worker holds."""

    async def told(self, since: float) -> list[Chosen]:
        """What was chosen since, by ladder and rule in their order."""

    async def prune(self, ended_before: float) -> None:
        """Forgets matches that ended before."""


class AnchorStore(Protocol):
    """How often bots have met."""

    async def load(self) -> Mapping[Anchor, int]:
        """All counts."""

    async def add(self, counts: Mapping[Anchor, int]) -> None:
        """Adds to counts, in one transaction."""


class NumberStore(Protocol):
    """A counter that never gives a number twice."""

    async def instance(self) -> str:
        """A random id (UUID), made once for a store."""

    async def reserve(self, count: int) -> int:
        """The first of `count` consecutive numbers that now belong to the caller."""


@dataclass(frozen=True, slots=True)
class Told:
    """Outcomes that one request told, by opponent."""

    request_id: str
    student: str
    outcomes: Mapping[str, Outcomes]


class FormsRead(NamedTuple):
    """Records of (student, opponent) pairs, and up to which revision all changes are in them."""

    forms: Mapping[tuple[str, str], Form]
    revision: int


class OutcomeStore(Protocol):
    """Durable training outcomes, shared by all instances."""

    async def read(self, after: int = 0) -> FormsRead:
        """Records that changed after a revision, those that met longest ago first; 0: all."""

    async def request_ids(self) -> list[str]:
        """Ids of recent requests, oldest first."""

    async def add(
        self, told: Sequence[Told], half_life: float, keep_requests: int
    ) -> Mapping[tuple[str, str], Form]:
        """Counts outcomes in their order, in one transaction, each request once for ever.

        Returns the records of all pairs that were told of, as they are now. Only the newest
        `keep_requests` request ids are kept, and the `MOST_FORMS` pairs that met last.
        """


class TicketStore(Protocol):
    """Tickets of waiting players, and which instances live. Each method is atomic.

    A queue: where it is lost, instances put the tickets of their streams back.
    """

    async def add(self, ticket: Ticket) -> Ticket:
        """Adds a ticket, or returns the one that has its request id.

        Raises:
            AlreadyExists: a player of it has another live ticket on the ladder.
            ResourceExhausted: too many tickets wait.
            Unavailable: the store is away; so is any method's.
        """

    async def add_each(self, tickets: Sequence[Ticket]) -> list[Ticket | MazemeshError]:
        """`add` for each of many by itself, in fewer steps: what it returns, or would raise."""

    async def get(self, ticket_id: str) -> Ticket:
        """A ticket. Raises `NotFound`."""

    async def find(self, ticket_ids: Sequence[str]) -> list[Ticket]:
        """Those tickets that are there."""

    async def swap(
        self, changes: Sequence[tuple[Ticket, Ticket]], fence: int | None = None
    ) -> bool:
        """Replaces each old ticket by the new one beside it, all or none.

        False, and nothing is done, when one is not as it was any more, or `fence` of LOBBY has
        passed. A ticket that is already as the new one is fine.
        """

    async def swap_each(
        self, groups: Sequence[Sequence[tuple[Ticket, Ticket]]], fence: int | None = None
    ) -> list[bool]:
        """`swap` for each of many groups by itself, in fewer steps; whether each was done."""

    async def live(self) -> list[Ticket]:
        """Tickets that did not end."""

    async def count(self) -> int:
        """How many these are."""

    async def prune(self, ended_before: float) -> None:
        """Forgets tickets that ended before."""

    async def beat(self, instance: str) -> None:
        """An instance tells that it lives; to be told every second."""

    async def gone(self, instances: Collection[str]) -> set[str]:
        """Which of these have not told so for some seconds."""


LOBBY = "lobby-2"
"""The task of putting waiting players together."""
