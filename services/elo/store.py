"""What the ratings rest on: a log of match results, and what was made of it so far."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import NamedTuple, Protocol

from services.elo.gate.gate import Gate
from services.elo.log.batch import Batch, Integers, LoggedBatch
from services.elo.log.match import Match
from services.elo.models.arrays import Floats
from services.elo.models.fitting.spread import Spread
from services.elo.standings.folding.points import Points


class Status(Enum):
    """What became of a result that was appended."""

    RECORDED = auto()
    """New, and now durable."""

    DUPLICATE = auto()
    """The same payload stands under this match id already."""

    CONFLICT = auto()
    """Another payload stands under this match id; it stays."""


class Appended(NamedTuple):
    """What became of batches that were appended.

    Attributes:
        before: The last sequence that the log had before.
        statuses: By batch, of each of its results.
        sequences: By batch, of those that were recorded.
    """

    before: int
    statuses: Sequence[Sequence[Status]]
    sequences: Sequence[Sequence[int]]


class ResultLog(Protocol):
    """Match results in the order in which they arrived; never changed, never deleted."""

    async def append(self, batches: Sequence[Batch]) -> Appended:
        """Appends, all in one transaction, in the order of the batches and of their results.

        When it returns, what was recorded survives a crash. A match id may occur twice: the second
        is a duplicate of the first or conflicts with it. Appends are ordered, whoever makes them: a
        result that is appended later has a higher sequence, and no lower one becomes visible after
        it.
        """
        ...

    def read(self, after: int) -> AsyncIterator[LoggedBatch]:
        """Everything after a sequence (0: all), oldest first, in pieces that fit in memory."""
        ...

    async def raw(self, after: int, count: int) -> Sequence[tuple[int, bytes]]:
        """The first entries after a sequence, at most `count`, with their sequences."""
        ...

    async def find(self, sequences: Sequence[int]) -> Sequence[Match]:
        """The matches at these places, all of which there are, in this order."""
        ...

    async def named(self, match_ids: Sequence[str]) -> Mapping[str, Match]:
        """Those of the matches that there are, by id."""
        ...


class Fenced(Exception):
    """Another instance makes the projections now: what was to be written is not."""


class LadderState(NamedTuple):
    """A ladder as of a place in the log; see `standings.folding.ladder.Ladder`.

    Attributes:
        name: The ladder.
        high_water: Sequence of its last match.
        matches: Number of its matches.
        players: Names.
        ratings: Online ratings [players].
        numbers: Of `standings.folding.records.Records` [5, players].
        pairs: Cells of `models.pairs.Pairs` [rows, 15].
        skills: Of `models.skills.Skills` [players, 6]; None in what an earlier version stored,
            whose pairs do not tell places either.
    """

    name: str
    high_water: int
    matches: int
    players: Sequence[str]
    ratings: Floats
    numbers: Integers
    pairs: Floats
    skills: Floats | None = None


class Fitted(NamedTuple):
    """Standings as they are shared; see `standings.standings.Standings`.

    Attributes:
        ladder: The ladder.
        high_water: Sequence of the last match that the fit has seen.
        matches: Number of matches that it has seen.
        log_nu: Of the draw model.
        columns: Ratings, low, high [3, players]; players as the ladder numbers them.
        ranks: By player.
        seat: Seat effect and its standard deviation.
        spread: Of the ratings; None where it was not stored.
    """

    ladder: str
    high_water: int
    matches: int
    log_nu: float
    columns: Floats
    ranks: Integers
    spread: Spread | None = None
    seat: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True)
class Snapshot:
    """All ladders as of a place in the log.

    Attributes:
        mark: Sequence of the last match of the log that is in it.
        ladders: Those that changed since the snapshot before; when loaded, all.
    """

    mark: int
    ladders: Sequence[LadderState]


@dataclass(frozen=True)
class Update:
    """What the instance that fits writes at once.

    Attributes:
        mark: Sequence up to which the points are.
        points: Of histories since the mark before, by ladder.
        fitted: Standings that changed.
        snapshot: Takes the place of the one before; None leaves that. Its mark is `mark`.
    """

    mark: int
    points: Mapping[str, Points]
    fitted: Sequence[Fitted]
    snapshot: Snapshot | None = None


class Projections(Protocol):
    """What was made of the log. All of it can be made again; one instance at a time writes it."""

    async def load(self) -> Snapshot:
        """The newest snapshot; an empty one with mark 0 where there is none."""
        ...

    async def mark(self) -> int:
        """Sequence up to which the points of histories are stored."""
        ...

    async def fitted(self, known: Mapping[str, int]) -> Sequence[Fitted]:
        """The standings of each ladder whose mark is not the known one."""
        ...

    async def history(self, ladder: str, player: int, start: int, count: int) -> Points:
        """The stored points of a player from its match `start` on, at most `count`."""
        ...

    async def save(self, fence: int, update: Update) -> None:
        """Writes, all in one transaction. Points that are stored already are left out.

        Raises:
            Fenced: the fence is not the present one.
        """
        ...


class Rebuilds(Protocol):
    """Projections that are made anew while the old ones serve, and then take their place."""

    async def clear(self) -> None:
        """Forgets what was staged and never took its place."""
        ...

    async def stage(self, points: Mapping[str, Points]) -> None:
        """Keeps the next points of histories, by ladder."""
        ...

    async def replace(self, fence: int, update: Update) -> int:
        """Puts what was staged, and snapshot and standings of an update, in place of all there is.

        All in one transaction. The number of times that this was done.

        Raises:
            Fenced: the fence is not the present one.
        """
        ...

    async def generation(self) -> int:
        """The number of times that projections were replaced."""
        ...

    async def snapshot_mark(self) -> int:
        """The mark of the stored snapshot."""
        ...

    def histories(self) -> AsyncIterator[tuple[str, Points]]:
        """All stored points by ladder, in pieces that fit in memory."""
        ...


class Lease(Protocol):
    """Says which instance makes the projections."""

    async def take(self, holder: str, seconds: float) -> int | None:
        """Takes or renews the lease for so long; its fence, which each new holder has a higher of.

        None while another instance has it.
        """
        ...

    async def seize(self, holder: str, seconds: float) -> int:
        """As `take`, whoever has it."""
        ...

    async def give_back(self, fence: int) -> None:
        """Lets another instance have it at once."""
        ...


class News(Protocol):
    """Says when to look at the database again: what another instance wrote is there."""

    def tell(self) -> None:
        """Something was written."""
        ...

    async def wait(self) -> object:
        """Returns when there may be something new; after a second at the latest."""
        ...


class PageStore(Protocol):
    """Pages that instances share; it may lose any, and while it is away it holds none."""

    async def get(self, key: str) -> bytes | None:
        """A page; None where there is none."""
        ...

    async def put(self, key: str, page: bytes) -> None:
        """Keeps a page for a while, if it can."""
        ...


class GateStore(Protocol):
    """Gates and what they have found; one that has ended never changes."""

    async def open(self, gate: Gate) -> Gate:
        """Adds a gate, or returns the one that has its id; durable when it returns."""
        ...

    async def get(self, gate_id: str) -> Gate | None:
        """A gate; None where there is none of the id."""
        ...

    async def replace(self, old: Gate, new: Gate) -> bool:
        """Puts the new in place of the old; False, and nothing is done, when that has changed."""
        ...

    async def page(self, before: int, count: int, ladder: str) -> Sequence[tuple[int, Gate]]:
        """Gates with their numbers, the last opened first, below a number (0: from the newest).

        `ladder` restricts to one; empty is any.
        """
        ...
