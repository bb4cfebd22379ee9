"""What survives a restart: finished matches, results that Elo has not got yet, and recordings."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from services.game.play.outcome import Outcome


@dataclass(frozen=True, slots=True)
class RecordingEntry:
    """One game in the index of recordings.

    Attributes:
        participants: by seat.
        finish_time: of its match, in seconds since the epoch.
        file: name of the file that holds the recording.
        index: number of the game in the file.
        position: the order of the index; 0 before the entry is in it.
    """

    game_id: str
    match_id: str
    game: str
    rules_hash: str
    participants: tuple[str, ...]
    outcome: Outcome
    rated: bool
    finish_time: float
    file: str
    index: int
    position: int = 0


@dataclass(frozen=True, slots=True)
class FinishedMatch:
    """A match that is over.

    Attributes:
        result: what Elo is to be told; None if the match is not rated.
        fence: of the lease under which it was created; 0 without one.
        recordings: of its games, whose files are stored already.
        trace: W3C traceparent of who played it; empty where that was not traced.
    """

    match_id: str
    finish_time: float
    result: bytes | None
    recordings: tuple[RecordingEntry, ...] = ()
    fence: int = 0
    trace: str = ""


@dataclass(frozen=True, slots=True)
class PendingResult:
    """A result that is still to be delivered.

    Attributes:
        trace: W3C traceparent of who played the match; empty where that was not traced.
    """

    match_id: str
    result: bytes
    trace: str = ""


@dataclass(frozen=True, slots=True)
class OutboxSize:
    """Results that wait for delivery, and those that Elo refused.

    Attributes:
        since: When the match ended that has waited longest, in seconds since the epoch; None when
            none waits.
    """

    pending: int
    dead: int
    since: float | None = None


@dataclass(frozen=True, slots=True)
class Claimed:
    """What is in the way of matches that an instance would have.

    Attributes:
        finished: Ids of those that are finished.
        passed: Of those that were created under a higher fence since, that fence.
    """

    finished: Collection[str]
    passed: Mapping[str, int]


class ResultStore(Protocol):
    """Finished matches, and who has which; every method is one transaction.

    Any number of instances share the rows. A match under a fence belongs to the instance that
    claimed it last, and only that one can finish it.
    """

    async def claim(self, fences: Mapping[str, int], time: float) -> Claimed:
        """Makes matches this instance's, under fences of 1 and more, but for what is in the way.

        A fence of 0 claims nothing; it only asks whether the match is finished.

        Args:
            fences: By match id.
            time: Now, in seconds since the epoch.
        """

    async def finish(self, matches: Sequence[FinishedMatch]) -> set[str]:
        """Remembers that the matches are finished, with their recordings; rated results go out.

        A match that is known to be finished is left as it is.

        Returns:
            Ids of those that were claimed under another fence or by another instance since, of
            which nothing is kept.
        """

    async def finished(self, match_ids: Collection[str]) -> set[str]:
        """Those of the ids whose matches are finished."""

    async def forget(self, before: float, keep: int) -> int:
        """Forgets matches that finished `before` a time, or earlier than the newest `keep`.

        So are claims from before that time. Those whose result is still in the outbox, or of which
        there is a recording, stay.

        Args:
            before: seconds since the epoch.
            keep: 1 or more.

        Returns:
            How many are forgotten.
        """


class OutboxStore(Protocol):
    """Results that Elo has not got yet; every method is one transaction.

    `ResultStore.finish` adds to it. Any number of instances deliver.
    """

    async def take(self, limit: int, now: float, until: float) -> list[PendingResult]:
        """The results that have waited longest, at most `limit`, for the caller to deliver.

        Nobody else is given them before `until`; by then they are delivered, or the caller is
        gone. Times are seconds since the epoch.
        """

    async def put_back(self, match_ids: Collection[str]) -> None:
        """Lets anybody have results that were taken and could not be delivered."""

    async def put_all_back(self) -> None:
        """Lets anybody have all results: whoever took one is gone."""

    async def delivered(self, match_ids: Collection[str]) -> None:
        """Takes results out of the outbox; ids that are not there are ignored."""

    async def bury(self, match_id: str, reason: str) -> None:
        """Keeps a result that Elo refused, but delivers it no more."""

    async def size(self) -> OutboxSize:
        """How many results are in the outbox, of each kind 10,000 at most."""


@dataclass(frozen=True, slots=True)
class RecordingFilter:
    """Which recordings are meant; an empty field means all."""

    game: str = ""
    match_id: str = ""
    participant: str = ""


class RecordingIndex(Protocol):
    """Which recordings there are; `ResultStore.finish` adds to it. A method is a transaction."""

    async def find(self, game_id: str) -> RecordingEntry | None:
        """The entry of a game."""

    async def page(
        self, limit: int, before: int | None, wanted: RecordingFilter
    ) -> list[RecordingEntry]:
        """At most `limit` entries, newest first, of those with a lower position than `before`."""

    async def keep_newest(self, count: int) -> None:
        """Drops all but the newest `count` entries."""

    async def files(self) -> set[str]:
        """Names of all files that entries need."""


class RecordingFiles(Protocol):
    """Files that never change, by the SHA-256 (hex) of their content. Methods block."""

    def put(self, content: bytes) -> str:
        """Stores a file for good and returns its name; one that is there already is left."""

    def get(self, name: str, /) -> bytes:
        """The content of a file.

        Raises:
            NotFound: there is no such file.
            FailedPrecondition: its content is not what it was.
        """


class UnusedFiles(Protocol):
    """Deletes files that no entry needs. Methods block.

    Young ones stay: an instance may be about to write their entries.
    """

    def candidates(self) -> Collection[str]:
        """Names of all old files; which of them are needed is to be read after this."""

    def sweep(self, candidates: Collection[str], used: Collection[str]) -> object:
        """Deletes the candidates that are not used."""


class LiveGameStore(Protocol):
    """What each instance plays, for the others; it may be lost, and soon is.

    Methods raise Unavailable or ResourceExhausted while it is away or full.
    """

    async def put(self, games: bytes) -> None:
        """This instance's games, in the place of those before; they are kept for some seconds."""

    async def others(self) -> list[bytes]:
        """What each other instance that lives has put last."""
