"""Client of the Elo service: report results, read ratings."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

from mazemesh.client.channel import DEADLINE
from mazemesh.client.credentials import Credentials
from mazemesh.client.ladder_calls import (
    REFOLD_DEADLINE,
    LadderCalls,
    parts,
    player_filter,
    timestamp,
)
from mazemesh.errors import InvalidArgument
from mazemesh.v1 import elo_pb2
from mazemesh.v1.elo_pb2_grpc import EloServiceStub

if TYPE_CHECKING:
    from mazemesh.client.aio.elo import AsyncElo

_SERVICE = "mazemesh.v1.EloService"
_IDEMPOTENT = (
    *(
        "RecordResults",
        "GetResults",
        "GetRating",
        "GetLeaderboard",
        "GetRatingHistory",
        "GetHeadToHead",
    ),
    *("EvaluateGate", "ListGates", "GetGatePath", "GetEmpiricalGame"),
    *("GetRatingCurves", "GetHeadToHeadMatrix", "ListLadders", "ListResults", "ImportResults"),
)
_ASKED_AT_ONCE = 256
_RECORD_DEADLINE = 60.0
_REBUILD_DEADLINE = 24 * 3600.0
_POINTS_AT_ONCE = 1000


HEADLINE: Final = "bradley-terry"
MODELS: Mapping[str, elo_pb2.RatingModel] = {
    HEADLINE: elo_pb2.RATING_MODEL_BRADLEY_TERRY,
    "elo": elo_pb2.RATING_MODEL_ELO,
    "glicko2": elo_pb2.RATING_MODEL_GLICKO2,
    "plackett-luce": elo_pb2.RATING_MODEL_PLACKETT_LUCE,
}
"""Rating models side by side over one log."""


def model_number(model: str) -> elo_pb2.RatingModel:
    """The number of a model on the wire.

    Raises:
        InvalidArgument: There is none of the name.
    """
    if model not in MODELS:
        raise InvalidArgument(f"model = {model!r} is wrong: must be one of {', '.join(MODELS)}")
    return MODELS[model]


class EloClient(LadderCalls):
    """Typed calls; errors are those of `mazemesh.errors`. Safe to share between threads.

    ```pycon
    >>> board = mesh.elo.leaderboard("race", page_size=3)
    >>> [player.low <= player.rating <= player.high for player in board.players]
    [True, True, True]
    >>> sure = mesh.elo.head_to_head_matrix("race", ["bot/shortest-path", "bot/random"])
    >>> bool(sure.superiority("bot/shortest-path", "bot/random") > 0.95)
    True

    ```
    """

    def __init__(self, address: str, credentials: Credentials | None = None) -> None:
        super().__init__(address, tuple((_SERVICE, method) for method in _IDEMPOTENT), credentials)
        self._stub = EloServiceStub(self.channel)

    @property
    def aio(self) -> AsyncElo:
        """What people ask, for asyncio."""
        from mazemesh.client.aio.elo import AsyncElo

        return AsyncElo(self)

    def record(self, results: Sequence[elo_pb2.MatchResult]) -> list[int]:
        """Reports finished matches, any number; safe to repeat.

        Returns:
            A `RecordStatus` for each result, in order.

        Raises:
            InvalidArgument: A result is malformed; the message names its index among the at most
                1000 of one call. None of that call is recorded, calls before it stand.
            Unavailable: The service cannot be reached; repeat later.
        """
        statuses: list[int] = []
        for part in parts(results):
            request = elo_pb2.RecordResultsRequest(results=part)
            response = self._call(self._stub.RecordResults, request, _RECORD_DEADLINE)
            statuses.extend(response.statuses)
        return statuses

    def results(self, match_ids: Sequence[str]) -> list[elo_pb2.MatchResult]:
        """What the log has of matches, any number; those that it does not have are left out."""
        found: list[elo_pb2.MatchResult] = []
        for start in range(0, len(match_ids), _ASKED_AT_ONCE):
            part = match_ids[start : start + _ASKED_AT_ONCE]
            request = elo_pb2.GetResultsRequest(match_ids=part)
            found += self._call(self._stub.GetResults, request).results
        return found

    def rating(self, ladder: str, player: str, *, model: str = HEADLINE) -> elo_pb2.PlayerRating:
        """One player's rating by one of `MODELS`, on the model's own scale.

        Raises:
            NotFound: It has no result on the ladder.
            Unavailable: The model is still being made from the log.
        """
        number = model_number(model)
        request = elo_pb2.GetRatingRequest(ladder=ladder, player=player, model=number)
        return self._call(self._stub.GetRating, request).rating

    def leaderboard(
        self,
        ladder: str,
        *,
        page_size: int = 50,
        page_token: str = "",
        prefix: str = "",
        around: str = "",
        model: str = HEADLINE,
        run: str = "",
        kinds: Collection[str] = (),
        active_since: datetime | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> elo_pb2.GetLeaderboardResponse:
        """A page of players, best first; `next_page_token` leads to the next one.

        Args:
            ladder: Such as "race"; empty of players while nobody has played.
            page_size: At most 1000.
            page_token: From the page before, asked for with the same of what follows.
            prefix: Only players whose name begins so.
            around: The page with this player in its middle.
            model: One of `MODELS`, whose ratings are told, each on its own scale.
            run: Only versions of the policy of this name.
            kinds: Only "policy", "bot", "person" or "foreign".
            active_since: Only players with a match that ended then or later.
            start: The ladder as it stands with matches alone that ended then or later.
            end: The ladder as it stood then: with matches alone that ended before.

        Raises:
            NotFound: `around` has no result on the ladder.
            Unavailable: The model is still being made from the log.
        """
        request = elo_pb2.GetLeaderboardRequest(
            ladder=ladder,
            page_size=page_size,
            page_token=page_token,
            prefix=prefix,
            around=around,
            model=model_number(model),
            filter=player_filter(run, kinds, active_since),
            start_time=timestamp(start),
            end_time=timestamp(end),
        )
        deadline = DEADLINE if start is None and end is None else REFOLD_DEADLINE
        return self._call(self._stub.GetLeaderboard, request, deadline)

    def watch_leaderboard(
        self,
        ladder: str,
        page_size: int = 50,
        *,
        prefix: str = "",
        around: str = "",
        run: str = "",
        kinds: Collection[str] = (),
        active_since: datetime | None = None,
        model: str = HEADLINE,
    ) -> Iterator[elo_pb2.GetLeaderboardResponse]:
        """The first page now and whenever it has changed; again at least every 20 s.

        What restricts it, and the model, are as in `leaderboard`.

        Raises:
            Unavailable: The service stopped, or the model is being made; watch again.
        """
        request = elo_pb2.WatchLeaderboardRequest(
            ladder=ladder,
            page_size=page_size,
            prefix=prefix,
            around=around,
            filter=player_filter(run, kinds, active_since),
            model=model_number(model),
        )
        for response in self._stream(self._stub.WatchLeaderboard, request, None):
            yield response.leaderboard

    def history(self, ladder: str, player: str) -> Iterator[elo_pb2.RatingPoint]:
        """A player's online rating after each of its matches, oldest first.

        Raises:
            NotFound: It has no result on the ladder.
        """
        token = ""
        while True:
            request = elo_pb2.GetRatingHistoryRequest(
                ladder=ladder, player=player, page_size=_POINTS_AT_ONCE, page_token=token
            )
            response = self._call(self._stub.GetRatingHistory, request)
            yield from response.points
            token = response.next_page_token
            if not token:
                return

    def head_to_head(self, ladder: str, players: Sequence[str] = ()) -> list[elo_pb2.HeadToHead]:
        """Results of every pair that has met, among 2 to 64 players or the 20 best."""
        request = elo_pb2.GetHeadToHeadRequest(ladder=ladder, players=players)
        return list(self._call(self._stub.GetHeadToHead, request).pairs)

    def empirical_game(
        self, ladder: str, players: Sequence[str] = (), alpha: float = 0.0
    ) -> elo_pb2.GetEmpiricalGameResponse:
        """Who would be sent if each side chose, among 2 to 64 players or the 20 best.

        Raises:
            NotFound: There are no two of them with a fitted rating.
        """
        request = elo_pb2.GetEmpiricalGameRequest(ladder=ladder, players=players, alpha=alpha)
        return self._call(self._stub.GetEmpiricalGame, request)

    def retract(self, match_ids: Sequence[str]) -> list[str]:
        """Has ratings count 1 to 1,000 results no more from now on; ids of those that Elo has."""
        request = elo_pb2.RetractResultsRequest(match_ids=match_ids)
        return list(self._call(self._stub.RetractResults, request).retracted)

    def evaluate_gate(self, request: elo_pb2.EvaluateGateRequest) -> elo_pb2.Gate:
        """Opens a gate, if it is new, and takes in the matches that were recorded by now.

        Raises:
            AlreadyExists: Another question stands under the id.
            FailedPrecondition: A match of its ids was played by others.
        """
        return self._call(self._stub.EvaluateGate, request).gate

    def gates(self, ladder: str = "") -> Iterator[elo_pb2.Gate]:
        """Gates of a ladder, or of all, the last opened first."""
        token = ""
        while True:
            request = elo_pb2.ListGatesRequest(ladder=ladder, page_token=token)
            response = self._call(self._stub.ListGates, request)
            yield from response.gates
            token = response.next_page_token
            if not token:
                return

    def gate_path(self, gate_id: str) -> list[elo_pb2.GatePoint]:
        """How the evidence of a gate grew: at most 256 points in the order of matches.

        Raises:
            NotFound: There is none.
        """
        request = elo_pb2.GetGatePathRequest(gate_id=gate_id)
        return list(self._call(self._stub.GetGatePath, request).points)

    def rebuild_ratings(
        self, *, verify_only: bool = False
    ) -> Iterator[elo_pb2.RebuildRatingsResponse]:
        """Folds the whole log anew beside the service; the last message has `done`.

        Takes some seconds a million matches. Stopping to read ends it, and nothing is replaced.

        Args:
            verify_only: Compare, and replace nothing.

        Raises:
            ResourceExhausted: It is being done already.
        """
        request = elo_pb2.RebuildRatingsRequest(verify_only=verify_only)
        yield from self._stream(self._stub.RebuildRatings, request, _REBUILD_DEADLINE)

    def watch_gate(self, gate_id: str) -> Iterator[elo_pb2.Gate]:
        """A gate now and as results come, until it has ended; the same at least every 20 s.

        Raises:
            NotFound: There is none.
            Unavailable: The service stopped; watch again.
        """
        request = elo_pb2.WatchGateRequest(gate_id=gate_id)
        for response in self._stream(self._stub.WatchGate, request, None):
            yield response.gate
