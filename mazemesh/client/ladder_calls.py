"""Calls of the Elo service about whole ladders, other times, and results in and out."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import numpy as np
import numpy.typing as npt
from google.protobuf.timestamp_pb2 import Timestamp

from mazemesh.client.channel import ServiceClient
from mazemesh.errors import InvalidArgument
from mazemesh.v1 import elo_pb2
from mazemesh.v1.elo_pb2_grpc import EloServiceStub

KINDS: Final = {
    "policy": elo_pb2.PLAYER_KIND_POLICY,
    "bot": elo_pb2.PLAYER_KIND_BOT,
    "person": elo_pb2.PLAYER_KIND_PERSON,
    "foreign": elo_pb2.PLAYER_KIND_FOREIGN,
}
"""Kinds of players by name."""

REFOLD_DEADLINE: Final = 120.0
"""Seconds that a ladder of another time, or a curve, may take the first time."""

_RESULTS_AT_ONCE = 1000
_SCORES_AT_ONCE, _PAIRS_AT_ONCE = 65_536, 32_768
_BYTES_AT_ONCE = 3 * 1024 * 1024
_RECORD_DEADLINE = 60.0

Counts = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class HeadToHeadMatrix:
    """How players did against each other; the row's against the column's [players, players].

    Attributes:
        players: Of rows and columns.
        matches: Matches.
        games: Games of them.
        wins: Of the row's player.
        draws: Draws.
        scores: Sum of the row's player's game scores.
        expected_scores: What the fitted ratings would expect.
        superiorities: How likely it is that the row's player is better; not a number while that is
            not known.
    """

    players: tuple[str, ...]
    matches: Counts
    games: Counts
    wins: Counts
    draws: Counts
    scores: Floats
    expected_scores: Floats
    superiorities: Floats

    def superiority(self, player: str, opponent: str) -> float:
        """How likely it is that a player is better than another.

        Raises:
            ValueError: one of them is not among the players.
        """
        row, column = self.players.index(player), self.players.index(opponent)
        return float(self.superiorities[row, column])


class LadderCalls(ServiceClient):
    """Part of `EloClient`."""

    _stub: EloServiceStub

    def rating_curves(
        self,
        ladder: str,
        players: Sequence[str],
        *,
        points: int = 32,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> list[elo_pb2.RatingCurve]:
        """Ratings with their intervals as they were after equal parts of the ladder's matches.

        Args:
            ladder: Such as "race".
            players: At most 64; those without a result are left out.
            points: Of each, at most; 64 is the most.
            start: No point before it.
            end: No point then or later.

        Raises:
            NotFound: None of the players has a result on the ladder.
        """
        request = elo_pb2.GetRatingCurvesRequest(
            ladder=ladder,
            players=players,
            max_points=points,
            start_time=timestamp(start),
            end_time=timestamp(end),
        )
        return list(self._call(self._stub.GetRatingCurves, request, REFOLD_DEADLINE).curves)

    def head_to_head_matrix(
        self,
        ladder: str,
        players: Sequence[str] = (),
        *,
        top: int = 20,
        run: str = "",
        kinds: Collection[str] = (),
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> HeadToHeadMatrix:
        """Results and likelihoods of superiority between at most 256 players.

        Args:
            ladder: Such as "race".
            players: Whom to compare; empty: the best.
            top: How many, where none is named.
            run: Of those only versions of this policy.
            kinds: Of those only policies, bots, persons or foreign ones; see `KINDS`.
            start: Only matches that ended then or later count.
            end: Only matches that ended before count.

        Raises:
            NotFound: There are no two such players with a fitted rating.
        """
        request = elo_pb2.GetHeadToHeadMatrixRequest(
            ladder=ladder,
            players=players,
            max_players=top,
            filter=player_filter(run, kinds),
            start_time=timestamp(start),
            end_time=timestamp(end),
        )
        told = self._call(self._stub.GetHeadToHeadMatrix, request, REFOLD_DEADLINE)
        shape = (len(told.players),) * 2
        superiorities: Floats = np.full(shape, np.nan)
        if told.superiorities:
            superiorities = np.array(told.superiorities).reshape(shape)
        return HeadToHeadMatrix(
            tuple(told.players),
            np.array(told.matches, np.int64).reshape(shape),
            np.array(told.games, np.int64).reshape(shape),
            np.array(told.wins, np.int64).reshape(shape),
            np.array(told.draws, np.int64).reshape(shape),
            np.array(told.scores).reshape(shape),
            np.array(told.expected_scores).reshape(shape),
            superiorities,
        )

    def ladders(self, game: str = "") -> Iterator[elo_pb2.Ladder]:
        """Ladders of a game, or all, by name."""
        token = ""
        while True:
            request = elo_pb2.ListLaddersRequest(page_token=token, game=game)
            response = self._call(self._stub.ListLadders, request)
            yield from response.ladders
            token = response.next_page_token
            if not token:
                return

    def result_log(
        self, ladder: str = "", *, start: datetime | None = None, end: datetime | None = None
    ) -> Iterator[elo_pb2.MatchResult]:
        """The log of results, oldest first; of a ladder, or all.

        Args:
            ladder: Such as "race".
            start: Only matches that ended then or later.
            end: Only matches that ended before.
        """
        token = ""
        while True:
            request = elo_pb2.ListResultsRequest(
                page_token=token,
                ladder=ladder,
                start_time=timestamp(start),
                end_time=timestamp(end),
            )
            response = self._call(self._stub.ListResults, request)
            yield from response.results
            token = response.next_page_token
            if not token:
                return

    def import_results(
        self, results: Sequence[elo_pb2.MatchResult], *, validate_only: bool = False
    ) -> list[int]:
        """Appends results of matches that were played elsewhere, any number; safe to repeat.

        Files of them are read by `mesh.ratings`.

        Args:
            results: Of players "foreign/..." and bots, with ids "import/...".
            validate_only: Append none, and tell what would become of them. What is twice among
                different thousands of them is not noticed then.

        Returns:
            A `RecordStatus` for each result, in order.

        Raises:
            InvalidArgument: A result is malformed; see `EloClient.record`.
        """
        statuses: list[int] = []
        for part in parts(results):
            request = elo_pb2.ImportResultsRequest(results=part, validate_only=validate_only)
            response = self._call(self._stub.ImportResults, request, _RECORD_DEADLINE)
            statuses.extend(response.statuses)
        return statuses


def player_filter(
    run: str, kinds: Collection[str], active_since: datetime | None = None
) -> elo_pb2.PlayerFilter | None:
    """The filter of a request; None where nothing is restricted.

    Raises:
        InvalidArgument: there is no such kind.
    """
    for kind in kinds:
        if kind not in KINDS:
            raise InvalidArgument(f"kinds: {kind!r} is no kind; there are {', '.join(KINDS)}")
    if not (run or kinds or active_since):
        return None
    return elo_pb2.PlayerFilter(
        run=run, kinds=[KINDS[kind] for kind in kinds], active_since=timestamp(active_since)
    )


def timestamp(time: datetime | None) -> Timestamp | None:
    """A time on the wire; one without a zone is of this machine's."""
    if time is None:
        return None
    found = Timestamp()
    found.FromDatetime(time.astimezone(UTC))
    return found


def parts(results: Sequence[elo_pb2.MatchResult]) -> Iterator[Sequence[elo_pb2.MatchResult]]:
    """The results in order, in parts of which a call takes each (see RecordResults)."""
    most = (_RESULTS_AT_ONCE, _SCORES_AT_ONCE, _PAIRS_AT_ONCE, _BYTES_AT_ONCE)
    part: list[elo_pb2.MatchResult] = []
    size: tuple[int, ...] = (0,) * len(most)
    for result in results:
        count = len(result.participants)
        own: tuple[int, ...] = (
            1,
            count * len(result.games),
            count * (count - 1) // 2,
            result.ByteSize(),
        )
        grown = tuple(map(sum, zip(size, own, strict=True)))
        if part and any(value > limit for value, limit in zip(grown, most, strict=True)):
            yield part
            part, grown = [], own
        part.append(result)
        size = grown
    if part:
        yield part
